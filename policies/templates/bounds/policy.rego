# Everything passes, but arguments stay inside the bounds of data.json: numbers in a range, texts of a form.
package mcp

pre := {
	"allow": false,
	"code": "validation_failed",
	"rule": "bounds",
	"reason": $"out_of_bounds: {broken[0].argument}",
	"remedy": broken[0].remedy,
} if {
	input.kind == "tools/call"
	count(broken) > 0
} else := {"allow": true, "rule": "default"}

# An array, because sets have no order that could be relied on.
broken := [bound |
	some bound in data.bounds[input.tool.name]
	not holds(bound)
]

# Holds only for what is known to be inside: an argument that is missing is not.
holds(bound) if {
	value := input.tool.args[bound.argument]
	is_number(value)
	value >= bound.min
	value <= bound.max
}

holds(bound) if {
	value := input.tool.args[bound.argument]
	is_string(value)
	count(value) <= bound.max_length
	regex.match(bound.pattern, value)
}
