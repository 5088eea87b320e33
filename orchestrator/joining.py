"""Asks a running Ray cluster whether this process may join it: Ray itself waits for minutes, and warns all the while.

Imports no ray.
"""

import os
import socket

from orchestrator.ray_token import known_token
from results.errors import InputError

_ANSWER_WITHIN_S = 5.0
# The first question of every process that joins.
_QUESTION = "/ray.rpc.NodeInfoGcsService/GetClusterId"


def check_answers(address: str) -> None:
    """Refuses an address where no cluster answers, or one that rejects this user's token.

    Args:
        address: HOST:PORT, or auto, which Ray looks up.

    Raises:
        InputError: with the remedy.
    """
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    # Ray's client (ray://) would run the search's decisions in another process than the ledger's.
    if not host or not port.isdigit() or "://" in address:
        raise InputError("--address is HOST:PORT of a head node, or auto", address, "`ray status` shows it")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_WITHIN_S).close()
    except (OSError, OverflowError) as error:
        raise no_cluster(address) from error
    _ask(address)


def no_cluster(address: str) -> InputError:
    """Nobody answers."""
    return InputError("--address names a running Ray cluster", address, "start it, or leave --address out")


def token_rejected(address: str) -> InputError:
    """A cluster answers, and does not let this user in."""
    rule = f"the token was rejected by the Ray cluster at {address}; it must be the head node's"
    received = "none" if known_token(os.environ) is None else "another one"
    return InputError(rule, received, "copy ~/.ray/auth_token from its head node, or set RAY_AUTH_TOKEN")


def _ask(address: str) -> None:
    import grpc

    token = known_token(os.environ)
    shown = [("authorization", f"Bearer {token}")] if token else []
    with grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
        ask = channel.unary_unary(_QUESTION)
        try:
            ask(b"", metadata=shown, timeout=_ANSWER_WITHIN_S)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNAUTHENTICATED:
                raise token_rejected(address) from None
            if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                raise no_cluster(address) from None
