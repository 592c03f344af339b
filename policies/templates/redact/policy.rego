# Everything passes; replies are cleaned on the way back: fields removed or masked, patterns replaced.
package mcp

pre := true

post := {
	"allow": true,
	"rule": "clean",
	"replace": data.redact.replace,
	"filter_fields": data.redact.remove,
	"mask_fields": data.redact.mask,
} if {
	not trusted
} else := {"allow": true, "rule": "clean-secrets", "replace": data.redact.replace}

trusted if {
	some role in input.user.roles
	role in data.redact.unless_roles
}
