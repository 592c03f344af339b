package mcp_test

import data.mcp

anybody := {"id": "", "roles": []}

dev := {"id": "alice@org", "roles": ["dev"]}

dba := {"id": "bob@org", "roles": ["dev", "dba"]}

hr := {"id": "carol@org", "roles": ["hr"]}

call(user, name, args) := {
	"kind": "tools/call",
	"user": user,
	"tool": {"name": name, "args": args},
}

# --- methods ------------------------------------------------------------------------------------

test_handshake_passes if {
	every kind in ["initialize", "ping", "server/discover", "logging/setLevel"] {
		mcp.pre.allow with input as {"kind": kind, "user": anybody}
	}
}

test_notifications_pass if {
	every kind in ["notifications/initialized", "notifications/cancelled", "notifications/of/tomorrow"] {
		mcp.pre.allow with input as {"kind": kind, "user": anybody}
	}
}

test_lists_and_reads_pass if {
	every kind in ["tools/list", "resources/list", "resources/read", "prompts/get", "completion/complete"] {
		mcp.pre.allow with input as {"kind": kind, "user": anybody}
	}
}

test_requests_of_servers_pass if {
	every kind in ["sampling/createMessage", "elicitation/create", "roots/list"] {
		mcp.pre.allow with input as {"kind": kind, "user": anybody}
	}
}

test_unknown_methods_are_refused if {
	every kind in ["tools/delete", "Tools/list", "tools/list ", "notification/x", ""] {
		decision := mcp.pre with input as {"kind": kind, "user": dba}
		decision.allow == false
		decision.reason == "unknown_method"
	}
}

test_nothing_at_all_is_refused if {
	decision := mcp.pre with input as {}
	decision.allow == false
}

# --- tools --------------------------------------------------------------------------------------

test_unlisted_tools_are_open if {
	mcp.pre.allow with input as call(anybody, "weather.get", {"city": "Berlin"})
}

test_unlisted_tools_are_refused_in_an_allow_list if {
	decision := mcp.pre with input as call(dba, "weather.get", {})
		with data.starter.unlisted_tools as "deny"
	decision.allow == false
	decision.reason == "unlisted_tool"
}

test_tools_listed_without_roles_are_open_in_an_allow_list if {
	mcp.pre.allow with input as call(anybody, "weather.get", {})
		with data.starter.unlisted_tools as "deny"
		with data.starter.tools as {"weather.get": {}}
}

test_unlisted_tools_are_refused_where_data_does_not_say if {
	decision := mcp.pre with input as call(dba, "weather.get", {})
		with data.starter as {}
	decision.allow == false
}

test_dev_may_not_back_up if {
	decision := mcp.pre with input as call(dev, "database.backup", {})
	decision.allow == false
	decision.reason == "role_mismatch"
	decision.rule == "restricted-tools"
	decision.remedy == "This tool needs one of these roles: admin, dba"
	not decision.code
}

test_nobody_in_particular_may_not_back_up if {
	decision := mcp.pre with input as call(anybody, "database.backup", {"database": "crm"})
	decision.reason == "role_mismatch"
}

test_dba_may_back_up if {
	mcp.pre.allow with input as call(dba, "database.backup", {"database": "crm"})
}

test_a_tool_without_a_permitted_role_is_for_nobody if {
	decision := mcp.pre with input as call(dba, "database.backup", {})
		with data.starter.tools as {"database.backup": {"roles": []}}
	decision.reason == "role_mismatch"
}

# --- bounds -------------------------------------------------------------------------------------

test_temperatures_in_bounds_pass if {
	every temp in [-273, 0, 36.6, 10000] {
		mcp.pre.allow with input as call(anybody, "temp.convert", {"temp": temp})
	}
}

test_temperatures_out_of_bounds_are_refused if {
	every temp in [-500, -273.15, -273.0000000001, 10000.5, 1e400, -1e400] {
		out_of_bounds({"temp": temp})
	}
}

test_what_is_no_number_is_out_of_bounds if {
	every temp in ["-500", "20", null, true, [20], {"value": 20}] {
		out_of_bounds({"temp": temp})
	}
}

test_a_missing_argument_is_out_of_bounds if {
	out_of_bounds({})
	out_of_bounds({"Temp": 20})
}

test_the_first_of_several_broken_bounds_is_reported if {
	decision := mcp.pre with input as call(anybody, "oven.set", {"minutes": 999, "heat": 999, "level": 1})
		with data.starter.tools as {"oven.set": {"bounds": [
			{"argument": "level", "min": 0, "max": 5},
			{"argument": "minutes", "min": 0, "max": 60},
			{"argument": "heat", "min": 0, "max": 250},
		]}}
	decision.reason == "out_of_bounds: minutes"
}

out_of_bounds(args) if {
	decision := mcp.pre with input as call(dba, "temp.convert", args)
	decision.allow == false
	decision.code == "validation_failed"
	decision.reason == "out_of_bounds: temp"
	decision.rule == "argument-bounds"
	decision.remedy == "Give temp as a number from -273 to 10000"
}

# --- replies ------------------------------------------------------------------------------------

test_every_reply_is_sanitized if {
	every request in [{"kind": "tools/list"}, {"kind": "unsolicited"}, call(hr, "employee_data", {})] {
		decision := mcp.post with input as object.union({"user": hr, "response": {}}, request)
		decision.allow
		decision.replace == data.starter.sanitize
	}
}

test_private_fields_are_hidden if {
	decision := mcp.post with input as call(dev, "employee_data", {"employee_id": "7"})
	decision.allow
	decision.mask_fields == ["ssn"]
	decision.filter_fields == ["salary"]
}

test_hr_sees_private_fields if {
	decision := mcp.post with input as call(hr, "employee_data", {"employee_id": "7"})
	not decision.mask_fields
	not decision.filter_fields
}

test_private_fields_are_hidden_where_no_tool_is_named if {
	every kind in ["resources/read", "prompts/get", "tasks/result", "notifications/message"] {
		decision := mcp.post with input as {"kind": kind, "user": anybody}
		decision.filter_fields == ["salary"]
	}
}

test_lists_and_other_tools_keep_their_fields if {
	every request in [{"kind": "tools/list", "user": anybody}, call(anybody, "weather.get", {})] {
		decision := mcp.post with input as request
		not decision.mask_fields
		not decision.filter_fields
	}
}

# --- data.json ----------------------------------------------------------------------------------

# A misspelt member would leave a tool open without a word.
test_tools_have_no_unknown_members if {
	every tool in data.starter.tools {
		every member, _ in tool {
			member in {"roles", "bounds"}
		}
	}
}

test_bounds_are_complete if {
	every tool in data.starter.tools {
		every bound in object.get(tool, "bounds", []) {
			is_string(bound.argument)
			bound.min <= bound.max
		}
	}
}

test_patterns_find_what_they_are_for if {
	samples := {
		"\u001b[31mALERT\u001b[0m",
		"AKIAIOSFODNN7EXAMPLE",
		"ghp_0123456789abcdefghijABCDEFGHIJ012345",
		"key: sk-proj-0123456789abcdefghij",
		"key: sk-ant-0123456789abcdefghij",
		"-----BEGIN RSA PRIVATE KEY-----\nMIIE",
	}
	every sample in samples {
		some step in data.starter.sanitize
		regex.match(re2(step.pattern), sample)
	}
}

test_patterns_leave_ordinary_text_alone if {
	every text in ["[31m is a colour code", "task-550e8400-e29b-41d4-a716-446655440000", "AKIA is a prefix", "ghp_short"] {
		every step in data.starter.sanitize {
			not regex.match(re2(step.pattern), text)
		}
	}
}

# The gateway takes \u001B as well, RE2 only \x1B.
re2(pattern) := replace(pattern, `\u001B`, `\x1B`)
