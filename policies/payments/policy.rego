# How much may be paid at once, by currency. Tables and arithmetic are at home in Rego; who may pay stands in rules.yaml.
package mcp

pre := refusal if {
	input.tool.name == "payment_create"
} else := true

refusal := {
	"allow": false,
	"rule": "known-currency",
	"code": "validation_failed",
	"reason": "unknown_currency",
	"remedy": sprintf("Pay in one of %s", [concat(", ", object.keys(limits))]),
} if {
	not limits[input.tool.args.currency]
} else := {
	"allow": false,
	"rule": "payment-limit",
	"code": "validation_failed",
	"reason": "over_the_limit",
	"remedy": sprintf("Pay at most %v %s at once", [limit, input.tool.args.currency]),
	"labels": {"limit": limit},
} if {
	not within_limit
} else := {"allow": true, "warnings": ["payment_recorded"]}

within_limit if {
	is_number(input.tool.args.amount)
	input.tool.args.amount > 0
	input.tool.args.amount <= limit
}

limits := data.payments.limits

limit := limits[input.tool.args.currency]

post := {
	"allow": true,
	"rule": "iban-by-its-end",
	"mask_fields": ["iban"],
	"mask": {"style": "partial", "keep": 4},
} if {
	startswith(input.tool.name, "payment_")
} else := true
