package mcp_test

import data.mcp

reply(roles) := {"kind": "tools/call", "user": {"roles": roles}, "response": {"content": []}}

test_calls_pass if {
	mcp.pre with input as {"kind": "tools/call"}
}

test_private_fields_are_hidden if {
	mcp.post.filter_fields == ["salary"] with input as reply(["dev"])
	mcp.post.mask_fields == ["ssn"] with input as reply([])
}

test_trusted_roles_see_them if {
	not mcp.post.mask_fields with input as reply(["hr"])
	count(mcp.post.replace) == 1 with input as reply(["hr"])
}
