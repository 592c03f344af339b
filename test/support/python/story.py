"""What a client does with the everything server, chapter by chapter, and what it sees. All of it is JSON."""

import asyncio
import json
import sys
import uuid
from typing import Any, Awaitable, Callable, Protocol

PATIENCE_SECONDS = 20
WATCHED = "test://watched-resource"
BIG_TEXT = "A text that is long and has “quotes” and \U0001f600. " * 4000

ROOTS = [{"uri": "file:///home/eve", "name": "home"}]
SAMPLED = {"model": "small", "role": "assistant", "content": {"type": "text", "text": "Paris"}}


class StoryClient(Protocol):
    """A client of one of the Python SDKs, connected."""

    greeting: Any
    modern: bool
    heard: "Ear"
    asked: "Ear"

    async def list(self, kind: str) -> dict: ...
    async def call(self, name: str, arguments: dict, **options: Any) -> Any: ...
    async def give_up(self, name: str, arguments: dict) -> None: ...
    async def read(self, uri: str) -> Any: ...
    async def get(self, prompt: str, arguments: dict | None = None) -> Any: ...
    async def complete(self, reference: dict, argument: dict) -> Any: ...
    async def set_log_level(self, level: str) -> Any: ...
    def watch(self, uri: str) -> Any: ...


class Ear:
    """Messages in the order of their arrival."""

    def __init__(self) -> None:
        self._unheard: list[Any] = []
        self._changed = asyncio.Event()

    def hear(self, message: Any) -> None:
        self._unheard.append(message)
        self._changed.set()

    async def next(self, count: int) -> list[Any]:
        """Gives what came since it was last asked, once there are so many."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self._unheard) < count:
                self._changed.clear()
                await self._changed.wait()
        heard, self._unheard = self._unheard, []
        return heard

    async def one(self, method: str) -> Any:
        """Gives the first message of the method that comes, and forgets what else came.

        Several servers as one say again that their lists have changed when one of them was slow to join.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                found = [message for message in self._unheard if message["method"] == method]
                if found:
                    self._unheard = []
                    return found[0]
                self._changed.clear()
                await self._changed.wait()


def fill_in(message: str) -> dict:
    """How the person behind the client fills in a form."""
    for action in ("decline", "cancel"):
        if action in message:
            return {"action": action}
    content = {"name": "Eve", "username": "eve", "email": "eve@example.org", "ok": True, "color": "red"}
    return {"action": "accept", "content": content}


async def outcome(attempt: Awaitable[Any]) -> Any:
    try:
        return await attempt
    except Exception as raised:
        thrown = first_of(raised)
        error = getattr(thrown, "error", None)
        seen = plain(error) if error is not None else {"message": str(thrown)}
        return {"failed": {"type": type(thrown).__name__, **seen}}


def first_of(raised: BaseException) -> BaseException:
    """What went wrong inside the groups of tasks in which it was raised."""
    while isinstance(raised, BaseExceptionGroup):
        raised = raised.exceptions[0]
    return raised


def plain(value: Any) -> Any:
    return value.model_dump(mode="json", by_alias=True, exclude_none=True)


async def lists(client: StoryClient) -> Any:
    return {kind: await client.list(kind) for kind in ("tools", "resources", "resource_templates", "prompts")}


async def content(client: StoryClient) -> Any:
    names = ("simple_text", "image_content", "audio_content", "embedded_resource", "multiple_content_types")
    return {
        **{name: await outcome(client.call(f"test_{name}", {})) for name in names},
        "structured": await client.call("add", {"a": 0.1, "b": 0.2}),
        "mirrored": await client.call("test_header_parameter", {"region": "Zürich"}),
    }


async def errors(client: StoryClient) -> Any:
    return {
        "failing": await outcome(client.call("test_error_handling", {})),
        "bad_arguments": await outcome(client.call("echo", {"text": 1})),
        "unknown_tool": await outcome(client.call("no_such_tool", {})),
        "unknown_prompt": await outcome(client.get("no_such_prompt")),
        "unknown_resource": await outcome(client.read("test://no-such-resource")),
    }


async def big_argument(client: StoryClient) -> Any:
    result = await client.call("echo", {"text": BIG_TEXT})
    return result["content"][0]["text"] == BIG_TEXT


async def resources(client: StoryClient) -> Any:
    uris = ("test://static-text", "test://static-binary", "test://template/7/data")
    return {uri: await outcome(client.read(uri)) for uri in uris}


async def prompts(client: StoryClient) -> Any:
    return {
        "simple": await client.get("test_simple_prompt"),
        "filled_in": await client.get("test_prompt_with_arguments", {"arg1": "one", "arg2": "two"}),
        "image": await client.get("test_prompt_with_image"),
    }


async def completion(client: StoryClient) -> Any:
    prompt = {"type": "ref/prompt", "name": "test_prompt_with_arguments"}
    template = {"type": "ref/resource", "uri": "test://template/{id}/data"}
    return [
        await client.complete(prompt, {"name": "arg1", "value": "par"}),
        await client.complete(template, {"name": "id", "value": "12"}),
    ]


async def progress(client: StoryClient) -> Any:
    steps: list[Any] = []

    async def step(done: float, total: float | None, message: str | None) -> None:
        steps.append([done, total, message])

    result = await client.call("test_tool_with_progress", {}, progress_callback=step)
    return {"result": result, "steps": steps}


async def cancellation(client: StoryClient) -> Any:
    key = str(uuid.uuid4())
    await client.give_up("wait", {"key": key})
    return await client.call("await_given_up", {"key": key})


async def logging(client: StoryClient) -> Any:
    level = await client.set_log_level("info")
    result = await client.call("test_tool_with_logging", {})
    lines = await client.heard.next(3)
    await client.call("test_logging_tool", {})
    return {"level": level, "result": result, "lines": lines, "kept": await client.heard.next(2)}


async def elicitation(client: StoryClient) -> Any:
    messages = ("Please accept", "Please decline", "Please cancel")
    return {
        **{message: await outcome(client.call("test_elicitation", {"message": message})) for message in messages},
        "choices": await outcome(client.call("test_elicitation_sep1330_enums", {})),
        "page": await outcome(client.call("elicit_url", {})),
        "asked": await client.asked.next(5),
    }


async def question_aside(client: StoryClient) -> Any:
    if client.modern:
        return "There is no other stream"
    return [await client.call("elicit_aside", {}), await client.asked.next(1)]


async def sampling_and_roots(client: StoryClient) -> Any:
    return {
        "sampling": await outcome(client.call("test_sampling", {"prompt": "Capital of France?"})),
        "roots": await outcome(client.call("test_input_required_result_list_roots", {})),
        "asked": await client.asked.next(2),
    }


async def changes(client: StoryClient) -> Any:
    async with client.watch(WATCHED) as agreed:
        await client.call("touch_resource", {"uri": WATCHED})
        updated = await client.heard.one("notifications/resources/updated")
        await client.call("touch_resource", {"uri": "test://static-text"})
        await client.call("test_trigger_tool_change", {})
        changed = await client.heard.one("notifications/tools/list_changed")
    await client.call("touch_resource", {"uri": WATCHED})
    return {"agreed": agreed, "updated": updated, "changed": changed}


async def broken_stream(client: StoryClient) -> Any:
    return await client.call("test_reconnection", {})


CHAPTERS: list[Callable[[StoryClient], Awaitable[Any]]] = [
    lists,
    content,
    errors,
    big_argument,
    resources,
    prompts,
    completion,
    progress,
    cancellation,
    logging,
    elicitation,
    question_aside,
    sampling_and_roots,
    changes,
    broken_stream,
]


async def tell_everything(client: StoryClient) -> dict:
    told = {chapter.__name__: await outcome(chapter(client)) for chapter in CHAPTERS}
    return {"greeting": client.greeting, **told}


async def tell_time(client: StoryClient) -> dict:
    """The story of the time server."""
    times = {"source_timezone": "Europe/Berlin", "time": "12:30", "target_timezone": "Asia/Tokyo"}
    return {
        "lists": {"tools": await outcome(client.list("tools"))},
        "converted": await outcome(client.call("convert_time", times)),
        "unknown_timezone": await outcome(client.call("get_current_time", {"timezone": "Nowhere/None"})),
        "unknown_tool": await outcome(client.call("no_such_tool", {})),
    }


STORIES = {"everything": tell_everything, "time": tell_time}


def main(connect: Callable[[dict], Any]) -> None:
    """Tells the story that each line of the input asks for; `connect` gives a client for its `target`."""

    async def tell(asked: dict) -> dict:
        naming = asked.get("naming")
        async with connect(asked) as client:
            if naming is not None and not client.modern:
                await client.asked.next(naming["askedByOthers"])
            return await STORIES[asked["story"]](Renamed(client, naming))

    for line in sys.stdin:
        told = asyncio.run(outcome(tell(json.loads(line))))
        print(json.dumps(told), flush=True)


def items_and_terms(kind: str, pages: list[Any]) -> dict:
    """The items of all pages, and what else the first one said."""
    first, *others = [plain(page) for page in pages]
    name = {"resource_templates": "resourceTemplates"}.get(kind, kind)
    items = first.pop(name)
    return {"items": [*items, *(item for page in others for item in page[name])], "terms": first}


class Renamed:
    """A client of several servers behind one, that calls one of them by its own names."""

    def __init__(self, client: StoryClient, naming: dict | None) -> None:
        self._client = client
        self._naming = naming

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def _name(self, name: str) -> str:
        return name if self._naming is None else self._naming["prefix"] + name

    def _uri(self, uri: str) -> str:
        if self._naming is None:
            return uri
        return self._naming["uriPrefix"] + uri

    async def call(self, name: str, arguments: dict, **options: Any) -> Any:
        return await self._client.call(self._name(name), arguments, **options)

    async def give_up(self, name: str, arguments: dict) -> None:
        await self._client.give_up(self._name(name), arguments)

    async def read(self, uri: str) -> Any:
        return await self._client.read(self._uri(uri))

    async def get(self, prompt: str, arguments: dict | None = None) -> Any:
        return await self._client.get(self._name(prompt), arguments)

    async def complete(self, reference: dict, argument: dict) -> Any:
        if "name" in reference:
            named = {**reference, "name": self._name(reference["name"])}
        else:
            named = {**reference, "uri": self._uri(reference["uri"])}
        return await self._client.complete(named, argument)

    def watch(self, uri: str) -> Any:
        return self._client.watch(self._uri(uri))
