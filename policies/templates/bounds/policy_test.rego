package mcp_test

import data.mcp

call(tool, args) := {"kind": "tools/call", "tool": {"name": tool, "args": args}}

test_inside_passes if {
	mcp.pre.allow with input as call("temp.convert", {"temp": 20})
	mcp.pre.allow with input as call("weather.get", {"city": "São Paulo"})
	mcp.pre.allow with input as call("other", {})
	mcp.pre.allow with input as {"kind": "ping"}
}

test_outside_is_refused if {
	every args in [{"temp": -300}, {"temp": 20000}, {"temp": "20"}, {}] {
		mcp.pre.code == "validation_failed" with input as call("temp.convert", args)
	}
	mcp.pre.reason == "out_of_bounds: city" with input as call("weather.get", {"city": "x; drop"})
	mcp.pre.allow == false with input as call("weather.get", {"city": concat("", ["ab" | some _ in numbers.range(1, 50)])})
}
