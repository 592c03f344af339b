"""Calls a tool that policy refuses, and then one that it does not, in one session; says in JSON what it saw."""

import asyncio
import json
import sys

from mcp import ClientSession, McpError
from mcp.client.streamable_http import streamablehttp_client


async def main(url: str) -> dict:
    async with streamablehttp_client(url) as (read, write, _):
        async with ClientSession(read, write) as session:
            seen = {"server": (await session.initialize()).serverInfo.name}
            seen["tools"] = sorted(tool.name for tool in (await session.list_tools()).tools)
            try:
                await session.call_tool("echo", {"text": "a", "poison": True})
            except McpError as refused:
                seen["refused"] = {
                    "code": refused.error.code,
                    "message": refused.error.message,
                    "data": refused.error.data,
                }
            result = await session.call_tool("echo", {"text": "still here"})
            seen["next"] = result.content[0].text
            return seen


print(json.dumps(asyncio.run(main(sys.argv[1]))))
