"""Tells a story with the client of the Python SDK, version 1."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any, AsyncIterator

import httpx
from mcp import ClientSession, StdioServerParameters, types
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from pydantic import AnyUrl

from story import PATIENCE_SECONDS, ROOTS, SAMPLED, Ear, fill_in, items_and_terms, main, plain


@asynccontextmanager
async def connect(asked: dict) -> AsyncIterator["Client"]:
    async with AsyncExitStack() as stack:
        read, write, listening = await open_transport(stack, asked["target"])
        client = Client(read, write)
        await stack.enter_async_context(client.session)
        greeting = await client.session.initialize()
        client.greeting = plain(greeting)
        await listening.wait()
        yield client


async def open_transport(stack: AsyncExitStack, target: dict) -> tuple[Any, Any, asyncio.Event]:
    listening = asyncio.Event()
    if target["type"] == "stdio":
        listening.set()
        names = ("command", "args", "env")
        parameters = StdioServerParameters(**{name: target[name] for name in names if name in target})
        return *await stack.enter_async_context(stdio_client(parameters, errlog=open("/dev/null", "w"))), listening

    # What a server says on its own before this stream is open would be lost.
    async def listens(response: httpx.Response) -> None:
        if response.request.method == "GET":
            listening.set()

    timeout = httpx.Timeout(30, read=300)
    hooks = {"response": [listens]}
    http = await stack.enter_async_context(httpx.AsyncClient(timeout=timeout, event_hooks=hooks))
    read, write, _ = await stack.enter_async_context(streamable_http_client(target["url"], http_client=http))
    return read, write, listening


class Client:
    modern = False
    greeting: Any = None

    def __init__(self, read: Any, write: Any) -> None:
        self.heard = Ear()
        self.asked = Ear()
        self.session = ClientSession(
            read,
            write,
            read_timeout_seconds=timedelta(seconds=PATIENCE_SECONDS),
            sampling_callback=self._sample,
            elicitation_callback=self._elicit,
            list_roots_callback=self._list_roots,
            message_handler=self._hear,
            client_info=types.Implementation(name="story-client", version="1.0.0"),
        )

    async def _hear(self, message: Any) -> None:
        if isinstance(message, types.ServerNotification) and message.root.method != "notifications/progress":
            self.heard.hear(plain(message.root))

    async def _sample(self, _context: Any, params: types.CreateMessageRequestParams) -> types.CreateMessageResult:
        self.asked.hear(question(params))
        return types.CreateMessageResult.model_validate(SAMPLED)

    async def _elicit(self, _context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        self.asked.hear(question(params))
        return types.ElicitResult.model_validate(fill_in(params.message))

    async def _list_roots(self, _context: Any) -> types.ListRootsResult:
        self.asked.hear("roots/list")
        return types.ListRootsResult.model_validate({"roots": ROOTS})

    async def list(self, kind: str) -> dict:
        ask = getattr(self.session, f"list_{kind}")
        pages = [await ask()]
        while pages[-1].nextCursor is not None:
            pages.append(await ask(params=types.PaginatedRequestParams(cursor=pages[-1].nextCursor)))
        return items_and_terms(kind, pages)

    async def call(self, name: str, arguments: dict, **options: Any) -> Any:
        return plain(await self.session.call_tool(name, arguments, **options))

    async def give_up(self, name: str, arguments: dict) -> None:
        request_id = self.session._request_id  # this version has no other way to say which call it gives up
        started = asyncio.Event()

        async def step(*_progress: Any) -> None:
            started.set()

        waiting = asyncio.create_task(self.session.call_tool(name, arguments, progress_callback=step))
        await asyncio.wait_for(started.wait(), PATIENCE_SECONDS)
        params = types.CancelledNotificationParams(requestId=request_id, reason="Enough")
        cancelled = types.CancelledNotification(params=params)
        await self.session.send_notification(types.ClientNotification(cancelled))
        waiting.cancel()

    async def read(self, uri: str) -> Any:
        return plain(await self.session.read_resource(AnyUrl(uri)))

    async def get(self, prompt: str, arguments: dict | None = None) -> Any:
        return plain(await self.session.get_prompt(prompt, arguments))

    async def complete(self, reference: dict, argument: dict) -> Any:
        kinds = {"ref/prompt": types.PromptReference, "ref/resource": types.ResourceTemplateReference}
        return plain(await self.session.complete(kinds[reference["type"]].model_validate(reference), argument))

    async def set_log_level(self, level: Any) -> Any:
        return plain(await self.session.set_logging_level(level))

    @asynccontextmanager
    async def watch(self, uri: str) -> AsyncIterator[Any]:
        yield plain(await self.session.subscribe_resource(AnyUrl(uri)))
        await self.session.unsubscribe_resource(AnyUrl(uri))


def question(params: Any) -> Any:
    """A question without what only its transport needs."""
    asked = plain(params)
    asked.pop("_meta", None)
    return asked


if __name__ == "__main__":
    main(connect)
