// Questions to the kernel, and its answers. Several views share one model: an id is one view's own.

const PATIENCE = 15000;

export class Silence extends Error {}

export function remote(model) {
  const view = Math.random().toString(36).slice(2);
  const waiting = new Map();
  let count = 0;

  function answered(message) {
    const resolve = waiting.get(message.id);
    waiting.delete(message.id);
    resolve?.(message);
  }

  model.on("msg:custom", answered);
  return {
    ask(question, more) {
      const id = `${view}-${++count}`;
      return new Promise((resolve, reject) => {
        const late = () => {
          waiting.delete(id);
          reject(new Silence("The kernel does not answer. Is it busy with a cell, or stopped?"));
        };
        const timer = setTimeout(late, PATIENCE);
        waiting.set(id, (answer) => {
          clearTimeout(timer);
          resolve(answer);
        });
        model.send({ id, ask: question, ...more });
      });
    },
    stop: () => model.off("msg:custom", answered),
  };
}
