"""A JupyterHub on this machine for the tests: learners without system users, the real proxy.

What a learner gets is deploy/jupyterhub/xacct.py, which this loads.
"""

import os

c = get_config()  # noqa: F821
top = os.environ["CLASS_FOLDER"]

c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = f"{top}/{{username}}"
c.Spawner.environment = {"TMPDIR": os.environ["CLASS_TEMPORARY"]}
c.Spawner.start_timeout = c.Spawner.http_timeout = 600
# The outputs are compared with those of the course, so the cells have to be written.
c.Spawner.args = ["--with-answers", *(["--allow-root"] if os.geteuid() == 0 else [])]
c.JupyterHub.concurrent_spawn_limit = 0

c.JupyterHub.bind_url = f"http://127.0.0.1:{os.environ['CLASS_PORT']}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{os.environ['CLASS_HUB_PORT']}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{os.environ['CLASS_PROXY_PORT']}"
c.ConfigurableHTTPProxy.command = [os.environ["CLASS_PROXY"]]
c.JupyterHub.db_url = f"sqlite:///{top}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = f"{top}/cookie_secret"
c.ConfigurableHTTPProxy.pid_file = f"{top}/proxy.pid"

c.JupyterHub.services = [{"name": "teacher", "api_token": os.environ["CLASS_TOKEN"]}]
c.JupyterHub.load_roles = [
    {
        "name": "teacher",
        "services": ["teacher"],
        "scopes": ["admin:users", "admin:servers", "tokens", "access:servers"],
    }
]

load_subconfig(os.environ["CLASS_CONFIG"])  # noqa: F821
