"""The course on a JupyterHub: each learner opens it in their own home, with two accounts of theirs.

On the Littlest JupyterHub put this file into /opt/tljh/config/jupyterhub_config.d/; elsewhere load
it from jupyterhub_config.py: load_subconfig("xacct.py"). docs/operations.md has the rest.
"""

c = get_config()  # noqa: F821

# Copies the course into the learner's home, once, and becomes jupyterhub-singleuser.
c.Spawner.cmd = ["xacct-singleuser"]  # add "--with-answers" for copies with the answers
c.Spawner.default_url = "/lab/tree/my-course/00-start-here.ipynb"
# A learner needs about 400 MB: JupyterLab, one kernel and the sandbox. The rest is for a second
# notebook. Spawners that cannot limit memory (the local ones) do not heed this.
c.Spawner.mem_limit = "1G"
