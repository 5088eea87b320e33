"""Which addresses a search may join, asked of a real gRPC server that answers as Ray's does."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from orchestrator.joining import check_answers
from results.errors import InputError


class _Head(grpc.GenericRpcHandler):
    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        shown = dict(call.invocation_metadata).get("authorization")

        def answer(_request: bytes, context: grpc.ServicerContext) -> bytes:
            if shown != "Bearer right":
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "InvalidAuthToken")
            return b""

        return grpc.unary_unary_rpc_method_handler(answer)


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadPoolExecutor(max_workers=1) as pool:
        server = grpc.server(pool, handlers=[_Head()])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}"
        server.stop(None).wait()


def test_the_right_token_passes(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "right")
    check_answers(address)


@pytest.mark.parametrize(("token", "got"), [("wrong", "another one"), ("", "none")])
def test_a_rejected_token_is_called_so(address: str, monkeypatch: pytest.MonkeyPatch, token: str, got: str) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", token)
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", "/nowhere")
    with pytest.raises(InputError, match=f"the token was rejected by the Ray cluster at {address}.*received {got}"):
        check_answers(address)


def test_who_listens_and_says_nothing_is_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.joining._ANSWER_WITHIN_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as deaf, pytest.raises(InputError, match="running Ray cluster"):
        check_answers(f"127.0.0.1:{deaf.getsockname()[1]}")


@pytest.mark.parametrize("address", ["", "host", "host:port", "ray://host:10001", "127.0.0.1:1", "h:99999999"])
def test_what_is_no_address_of_a_cluster_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="--address"):
        check_answers(address)
