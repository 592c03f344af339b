package mcp_test

import data.mcp

call(roles, tool) := {
	"kind": "tools/call",
	"user": {"roles": roles},
	"tool": {"name": tool, "args": {}},
}

test_handshake_passes if {
	every kind in ["initialize", "ping", "tools/list", "notifications/initialized"] {
		mcp.pre.allow with input as {"kind": kind}
	}
}

test_what_is_not_named_is_refused if {
	not mcp.pre.allow with input as {"kind": "resources/read"}
	not mcp.pre.allow with input as call(["dba"], "shell")
}

test_a_tool_is_for_its_roles if {
	mcp.pre.allow with input as call([], "weather.get")
	mcp.pre.allow with input as call(["dba"], "database.backup")
	mcp.pre.reason == "not_allowed" with input as call(["dev"], "database.backup")
}

test_the_list_shows_what_may_be_called if {
	items := [{"name": "weather.get"}, {"name": "database.backup"}]
	shown := mcp.list with input as {"kind": "tools/list", "items": items, "user": {"roles": ["dev"]}}
	shown == ["weather.get"]
}

test_other_lists_stay_whole if {
	prompts := mcp.list with input as {"kind": "prompts/list", "items": [{"name": "greet"}]}
	prompts == ["greet"]
}
