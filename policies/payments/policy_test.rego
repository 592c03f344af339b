package mcp_test

import data.mcp

paying(args) := {"kind": "tools/call", "tool": {"name": "payment_create", "args": args}}

test_a_payment_within_the_limit_passes if {
	decision := mcp.pre with input as paying({"amount": 10, "currency": "EUR"})
	decision.allow
}

test_a_payment_over_the_limit_is_refused if {
	decision := mcp.pre with input as paying({"amount": 5001, "currency": "EUR"})
	decision.reason == "over_the_limit"
	decision.remedy == "Pay at most 5000 EUR at once"
}

test_an_amount_has_to_be_a_number if {
	decision := mcp.pre with input as paying({"amount": "10", "currency": "EUR"})
	decision.rule == "payment-limit"
}

test_other_currencies_are_refused if {
	decision := mcp.pre with input as paying({"amount": 1, "currency": "XYZ"})
	decision.reason == "unknown_currency"
}

test_other_tools_pass if {
	mcp.pre == true with input as {"kind": "tools/call", "tool": {"name": "echo", "args": {}}}
	mcp.post == true with input as {"kind": "tools/call", "tool": {"name": "echo", "args": {}}}
}

test_ibans_are_masked if {
	decision := mcp.post with input as {"kind": "tools/call", "tool": {"name": "payment_get", "args": {}}}
	decision.mask_fields == ["iban"]
}
