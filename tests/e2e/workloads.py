"""Pods of bays of docker as their user sees them, and manifests of what several tests need."""

from cloud import Refused, eventually
from clusters import PATIENCE

_WEB = """\
apiVersion: v1
kind: ReplicationController
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{app: {name}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      terminationGracePeriodSeconds: {grace}
      containers:
      - name: web
        image: busybox
        command: [/bin/busybox, sh, -c, "hostname > /tmp/index.html; {first} exec httpd -f -p 8080 -h /tmp"]
        ports: [{{name: http, containerPort: 8080}}]
        readinessProbe: {{httpGet: {{path: /, port: http}}, periodSeconds: 1}}
"""

_SERVICE = """\
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec:
  {more}
  selector: {{app: {app}}}
  ports: [{{{port}port: 80, targetPort: http}}]
"""


def web(name, replicas, first="", grace=5):
    """A controller of pods that say their names at port 8080. `first` is what their shell does before (`…;`), `grace`
    the seconds they have to end."""
    return _WEB.format(name=name, replicas=replicas, first=first, grace=grace)


def service(name, app=None, more="", port=None):
    """A service at port 80 in front of the pods of a controller: the one of its name, or `app`. `more` is a line of its
    spec, `port` the name of its port."""
    return _SERVICE.format(name=name, app=app or name, more=more, port=f"name: {port}, " if port else "")


def of(cloud, bay, name):
    """The pods of a controller, as they are listed."""
    return [one for one in cloud.magnum("pod-list", "--bay", bay) if one["name"].startswith(name)]


def running(cloud, bay, name, count, without=()):
    """The pods of a controller, once there are so many, all of them run, and these are gone."""

    def check():
        try:
            pods = [cloud.magnum("pod-show", "--bay", bay, one["uuid"]) for one in of(cloud, bay, name)]
        except Refused as refused:
            # One has gone since it was listed.
            assert "could not be found" in str(refused), refused
            return None
        if any(one["uuid"] in without for one in pods):
            return None
        return pods if len(pods) == count and all(one["status"] == "Running" for one in pods) else None

    return eventually(check, f"{count} pods of {name} do not run", PATIENCE)
