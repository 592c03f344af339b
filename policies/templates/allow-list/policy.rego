# Nothing passes but what data.json names: methods by their name, tools by the roles that may call them.
package mcp

default pre := {
	"allow": false,
	"rule": "allow-list",
	"reason": "not_allowed",
	"remedy": "Ask the owner of the policy to add this to data.json",
}

pre := {"allow": true, "rule": "methods"} if {
	input.kind in data.allowed.methods
} else := {"allow": true, "rule": "notifications"} if {
	startswith(input.kind, "notifications/")
} else := {"allow": true, "rule": "tools"} if {
	input.kind == "tools/call"
	may_call(input.tool.name)
}

# A tool that may not be called is not shown either. Other lists stay whole.
list := [item.name | some item in input.items; may_call(item.name)] if {
	input.kind == "tools/list"
} else := [item[identified_by[input.kind]] | some item in input.items]

identified_by := {
	"prompts/list": "name",
	"resources/list": "uri",
	"resources/templates/list": "uriTemplate",
}

may_call(tool) if "*" in data.allowed.tools[tool]

may_call(tool) if {
	some role in input.user.roles
	role in data.allowed.tools[tool]
}
