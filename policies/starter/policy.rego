# A policy to start from: who may call which tool, with which arguments, and what a reply may show.
# The lists stand in data.json; this file says what they mean.
package mcp

# --- before a message is forwarded --------------------------------------------------------------

# The first body that holds gives the one decision. With separate rules two could hold at once, and
# two decisions are an error.
pre := tool_call if {
	input.kind == "tools/call"
} else := {"allow": true, "rule": "methods"} if {
	data.starter.methods[input.kind]
} else := {"allow": true, "rule": "notifications"} if {
	startswith(input.kind, "notifications/")
} else := {
	"allow": false,
	"rule": "methods",
	"reason": "unknown_method",
	"remedy": "Methods are allowed by name: ask the owner of the policy to add this one",
}

# A tool that data.json does not list is open to everybody. To turn the list into an allow-list, set
# `unlisted_tools` to "deny" and list every tool: with `roles`, or as `{}` where everybody may call it.
tool_call := {
	"allow": false,
	"rule": "listed-tools",
	"reason": "unlisted_tool",
	"remedy": "Tools are allowed by name: ask the owner of the policy to add this one",
} if {
	not tool
	not data.starter.unlisted_tools == "allow"
} else := {
	"allow": false,
	"rule": "restricted-tools",
	"reason": "role_mismatch",
	"remedy": $"This tool needs one of these roles: {concat(", ", tool.roles)}",
} if {
	tool.roles
	not has_role(tool.roles)
} else := {
	"allow": false,
	"rule": "argument-bounds",
	"code": "validation_failed",
	"reason": $"out_of_bounds: {bound.argument}",
	"remedy": $"Give {bound.argument} as a number from {bound.min} to {bound.max}",
} if {
	bound := broken_bounds[0]
} else := {"allow": true, "rule": "tools"}

tool := data.starter.tools[input.tool.name]

# Built from an array, not from a set or an object: those have no order that can be relied on, and
# which of several faults is reported would differ between `opa` and the compiled policy.
broken_bounds := [bound | some bound in tool.bounds; not within(bound)]

# Holds only for what is known to be inside: an argument that is missing, or is the text "-500", is not.
within(bound) if {
	value := input.tool.args[bound.argument]
	is_number(value)
	value >= bound.min
	value <= bound.max
}

# --- before a reply is passed on ----------------------------------------------------------------

# Terminal escapes and secrets are taken out of every text, whoever asked.
post := {
	"allow": true,
	"rule": "private-fields",
	"replace": data.starter.sanitize,
	"mask_fields": data.starter.private.mask,
	"filter_fields": data.starter.private.remove,
} if {
	may_hold_private_fields
	not has_role(data.starter.private.unless_roles)
} else := {"allow": true, "rule": "sanitize", "replace": data.starter.sanitize}

may_hold_private_fields if data.starter.private.tools[input.tool.name]

# Replies that name no tool but may repeat what one gave. Lists are left out: they describe fields, and
# a schema that lost the member `salary` would be wrong.
may_hold_private_fields if data.starter.private.methods[input.kind]

# --- both ---------------------------------------------------------------------------------------

has_role(allowed) if {
	some role in input.user.roles
	role in allowed
}
