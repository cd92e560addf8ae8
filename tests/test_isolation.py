"""Tests reach this machine only: pytest's options guard it, and a lost option would go unnoticed."""

import asyncio
import socket

import pytest
from pytest_socket import SocketConnectBlockedError


def test_other_machines_are_out_of_reach() -> None:
    with socket.socket() as client:
        client.settimeout(1)
        with pytest.warns(UserWarning, match="198.51.100.1"), pytest.raises(SocketConnectBlockedError):
            client.connect(("198.51.100.1", 80))


def test_this_machine_is_within_reach() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()

    async def ask() -> bytes:
        async with await asyncio.start_server(echo, "127.0.0.1") as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"heard\n")
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            return answer

    assert asyncio.run(ask()) == b"heard\n"


def test_the_hub_is_off() -> None:
    from huggingface_hub.constants import is_offline_mode

    assert is_offline_mode()
