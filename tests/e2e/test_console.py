"""A terminal in a container, as nova's serial console clients open it."""

import pytest
import websocket

from cloud import eventually

USER = "jeroboam"


def console(cloud, server):
    return cloud.openstack("console", "url", "show", "--serial", server["id"], cloud=USER, say="console url show --serial")["url"]


def test_a_terminal_is_a_shell_in_the_container(cloud, engine, server):
    url = console(cloud, server)
    terminal = websocket.create_connection(url, timeout=30, subprotocols=["binary", "base64"])
    try:
        terminal.send_binary(b"echo from-the-terminal > /tmp/said; echo the-sum-is $((40 + 2))\n")
        heard = b""
        while b"the-sum-is 42" not in heard:
            message = terminal.recv()
            heard += message if isinstance(message, bytes) else message.encode()
        assert "from-the-terminal" in engine.run(server["id"], "cat", "/tmp/said")
        terminal.send_binary(b"exit\n")
        with pytest.raises(websocket.WebSocketConnectionClosedException):
            while terminal.recv() not in ("", b""):
                pass
            raise websocket.WebSocketConnectionClosedException("closed in good order")
    finally:
        terminal.close()
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(url, timeout=30)
    assert refused.value.status_code == 401


def test_a_stopped_server_has_no_terminal(cloud, engine, server):
    url = console(cloud, server)
    cloud.openstack("server", "stop", server["id"], cloud=USER, form=None)
    eventually(lambda: not engine.inspect(server["id"])["State"]["Running"], "it does not stop")
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(url, timeout=30)
    assert refused.value.status_code in (401, 409)
