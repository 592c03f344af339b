"""Tells a story with the client of the Python SDK, version 2, in the `mode` that is asked for."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, AsyncIterator

import anyio
import httpx2
import mcp_types as types
from mcp.client.client import Client as SdkClient
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from story import PATIENCE_SECONDS, ROOTS, SAMPLED, Ear, fill_in, items_and_terms, main, plain


@asynccontextmanager
async def connect(asked: dict) -> AsyncIterator["Client"]:
    async with AsyncExitStack() as stack:
        transport, listening = await open_transport(stack, asked["target"])
        client = Client(transport, asked["mode"])
        await stack.enter_async_context(client.sdk)
        if not client.modern:
            await listening.wait()
        yield client


async def open_transport(stack: AsyncExitStack, target: dict) -> tuple[Any, asyncio.Event]:
    listening = asyncio.Event()
    if target["type"] == "stdio":
        listening.set()
        names = ("command", "args", "env")
        parameters = StdioServerParameters(**{name: target[name] for name in names if name in target})
        return stdio_client(parameters, errlog=open("/dev/null", "w")), listening

    # What a server says on its own before this stream is open would be lost.
    async def listens(response: httpx2.Response) -> None:
        if response.request.method == "GET":
            listening.set()

    timeout = httpx2.Timeout(30, read=300)
    hooks = {"response": [listens]}
    http = await stack.enter_async_context(httpx2.AsyncClient(timeout=timeout, event_hooks=hooks))
    return streamable_http_client(target["url"], http_client=http), listening


class Client:
    def __init__(self, transport: Any, mode: str) -> None:
        self.heard = Ear()
        self.asked = Ear()
        self.logged: dict | None = None
        self.sdk = SdkClient(
            transport,
            mode=mode,
            read_timeout_seconds=PATIENCE_SECONDS,
            sampling_callback=self._sample,
            elicitation_callback=self._elicit,
            list_roots_callback=self._list_roots,
            message_handler=self._hear,
            client_info=types.Implementation(name="story-client", version="1.0.0"),
        )

    @property
    def modern(self) -> bool:
        return self.sdk.protocol_version >= "2026"

    @property
    def greeting(self) -> Any:
        server = self.sdk.server_info
        return {
            "protocol": self.sdk.protocol_version,
            "server": None if server is None else plain(server),
            "capabilities": plain(self.sdk.server_capabilities),
            "instructions": self.sdk.instructions,
        }

    async def _hear(self, message: Any) -> None:
        if not isinstance(message, Exception) and message.method != "notifications/progress":
            self.heard.hear(plain(message))

    async def _sample(self, _context: Any, params: Any) -> types.CreateMessageResult:
        self.asked.hear(question(params))
        return types.CreateMessageResult.model_validate(SAMPLED)

    async def _elicit(self, _context: Any, params: Any) -> types.ElicitResult:
        self.asked.hear(question(params))
        return types.ElicitResult.model_validate(fill_in(params.message))

    async def _list_roots(self, _context: Any) -> types.ListRootsResult:
        self.asked.hear("roots/list")
        return types.ListRootsResult.model_validate({"roots": ROOTS})

    async def list(self, kind: str) -> dict:
        ask = getattr(self.sdk, f"list_{kind}")
        pages = [await ask(cache_mode="refresh")]
        while pages[-1].next_cursor is not None:
            pages.append(await ask(cursor=pages[-1].next_cursor))
        return items_and_terms(kind, pages)

    async def call(self, name: str, arguments: dict, **options: Any) -> Any:
        return plain(await self.sdk.call_tool(name, arguments, meta=self.logged, **options))

    async def give_up(self, name: str, arguments: dict) -> None:
        with anyio.move_on_after(PATIENCE_SECONDS) as scope:

            async def step(*_progress: Any) -> None:
                scope.cancel()

            await self.sdk.call_tool(name, arguments, progress_callback=step)

    async def read(self, uri: str) -> Any:
        return plain(await self.sdk.read_resource(uri, cache_mode="bypass"))

    async def get(self, prompt: str, arguments: dict | None = None) -> Any:
        return plain(await self.sdk.get_prompt(prompt, arguments))

    async def complete(self, reference: dict, argument: dict) -> Any:
        kinds = {"ref/prompt": types.PromptReference, "ref/resource": types.ResourceTemplateReference}
        return plain(await self.sdk.complete(kinds[reference["type"]].model_validate(reference), argument))

    async def set_log_level(self, level: Any) -> Any:
        if not self.modern:
            return plain(await self.sdk.set_logging_level(level))
        # In the modern era each request says by itself which lines it wants.
        self.logged = {"io.modelcontextprotocol/logLevel": level}
        return {}

    @asynccontextmanager
    async def watch(self, uri: str) -> AsyncIterator[Any]:
        if not self.modern:
            yield plain(await self.sdk.subscribe_resource(uri))
            await self.sdk.unsubscribe_resource(uri)
            return
        async with self.sdk.listen(tools_list_changed=True, resource_subscriptions=[uri]) as subscription:
            yield plain(subscription.honored)


def question(params: Any) -> Any:
    """A question without what only its transport needs."""
    asked = plain(params)
    asked.pop("_meta", None)
    return asked


if __name__ == "__main__":
    main(connect)
