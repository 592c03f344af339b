import { longestHoldSec, longestPollSec } from './bundle-members.js'
import { digest, bytes, headerName, httpAddress, path, token } from './setting-types.js'
import { optional, preset, type Setting } from './setting.js'
import { choice, listOf, share, text, wholeNumber, wordOrList, yesOrNo } from './value-type.js'

/** The settings of policy: whether it is in force, where it comes from, and what it is shown. */
export const policySettings = {
  EXPERIMENTAL_POLICY_ENGINE: optional(yesOrNo, {
    key: 'policy.experimentalEngine',
    help: '`true`: enforce, and pass calls while no policy is there. `false`: off, whatever else is set.',
  }),
  POLICY_ENABLED: optional(yesOrNo, {
    key: 'policy.enabled',
    help: 'The same switch as `EXPERIMENTAL_POLICY_ENGINE`.',
  }),
  POLICY_MODE: optional(choice('enforce', 'warn', 'audit-only', 'off'), {
    key: 'policy.mode',
    flag: 'policy-mode',
    help: 'What happens to decisions. `enforce` fails closed while no policy is there. Not set: `audit-only`, unless a switch says otherwise.',
  }),
  POLICY_FAIL_MODE: optional(choice('open', 'closed'), {
    key: 'policy.failMode',
    help: 'Overrides what happens in enforce mode while no policy is there. A refused bundle always fails closed.',
  }),
  POLICY_BUNDLE_PATH: optional(path, {
    key: 'policy.bundle.path',
    flag: 'policy-bundle',
    help: 'Bundle on disk; watched, and read again on SIGHUP. With `--demo`: the starter bundle.',
  }),
  POLICY_BUNDLE_URL: optional(httpAddress, {
    key: 'policy.bundle.url',
    help: 'Bundle over HTTP(S), polled with its ETag.',
  }),
  POLICY_POLL_SEC: preset(wholeNumber(0, longestPollSec), 60, {
    key: 'policy.bundle.pollSec',
    help: 'Seconds between two polls of `POLICY_BUNDLE_URL`; `0`: only on SIGHUP.',
  }),
  POLICY_BUNDLE_SHA256: optional(digest, {
    key: 'policy.bundle.sha256',
    help: 'The archive must have this SHA-256.',
  }),
  POLICY_BUNDLE_MAX_BYTES: preset(bytes, 67_108_864, {
    key: 'policy.bundle.maxBytes',
    help: 'Largest archive; unpacked it may be at most four times that.',
  }),
  POLICY_BUNDLE_TOKEN: optional(token, {
    key: 'policy.bundle.token',
    secret: true,
    help: 'Bearer token for the bundle server; sent to the origin of `POLICY_BUNDLE_URL` only, wherever it redirects to.',
  }),
  POLICY_BUNDLE_CA: optional(path, {
    key: 'policy.bundle.ca',
    help: 'PEM file of the certificate authorities of the bundle server, instead of the usual ones.',
  }),
  POLICY_BUNDLE_LONG_POLL_SEC: preset(wholeNumber(0, longestHoldSec), 0, {
    key: 'policy.bundle.longPollSec',
    help: "Seconds for which a server that speaks OPA's long polling may hold a request until there is a new bundle; `0`: it is not asked to.",
  }),
  POLICY_BUNDLES_FILE: optional(path, {
    key: 'policy.bundlesFile',
    help: 'File of several bundles, [each with its layer, scope and keys](#several-bundles).',
  }),
  POLICY_RULES_PATH: optional(text('the path of a .yaml file or a folder'), {
    key: 'policy.rulesPath',
    flag: 'policy-rules',
    help: '[Rules](bundles.md#rules-without-a-bundle) in a file or a folder, used without a bundle and without OPA; watched, and read again on SIGHUP.',
  }),
  POLICY_VERIFICATION_KEYS: optional(
    listOf(
      text('a JWKS file, or id=file.pem, which ;alg=… and ;scope=… may follow', {
        isAllowed: (value) => !value.includes('\0'),
      }),
    ),
    {
      key: 'policy.bundle.verificationKeys',
      help: '[Public keys](#keys) that bundles may be signed with.',
    },
  ),
  POLICY_REQUIRE_SIGNATURE: preset(yesOrNo, false, {
    key: 'policy.bundle.requireSignature',
    help: '`true`: a bundle without a signature by one of `POLICY_VERIFICATION_KEYS` is refused.',
  }),
  POLICY_ALLOW_ROLLBACK: preset(yesOrNo, false, {
    key: 'policy.bundle.allowRollback',
    help: '`true`: a bundle that was signed before the last accepted one is accepted. The way back for an operator; unset it afterwards.',
  }),
  POLICY_CACHE_DIR: optional(text('the path of a folder'), {
    key: 'policy.bundle.cacheDir',
    help: 'Folder of the last good bundles, for a start while their source is away; roll-back protection outlives a restart only with it.',
  }),
  POLICY_CANDIDATE_PATH: optional(path, {
    key: 'policy.candidate.path',
    help: 'A second bundle on disk, verified like the first, or a `.yaml` file of rules, that judges calls after they are answered and changes nothing.',
  }),
  POLICY_CANDIDATE_URL: optional(httpAddress, {
    key: 'policy.candidate.url',
    help: 'The same over HTTP(S), polled like `POLICY_BUNDLE_URL`.',
  }),
  POLICY_CANDIDATE_SAMPLE: preset(share, 1, {
    key: 'policy.candidate.sample',
    help: 'Share of the callers whose calls the candidate judges.',
  }),
  POLICY_MAX_INPUT_BYTES: preset(bytes, 1_048_576, {
    key: 'policy.maxInputBytes',
    help: 'Largest document that policy is shown; over it is a policy error.',
  }),
  POLICY_BUDGET_MS: preset(wholeNumber(1, 10_000), 25, {
    key: 'policy.budgetMs',
    help: 'Longest computation of one decision, in milliseconds; counted in steps of the policy, so that it does not depend on the machine. Over it is a policy error.',
  }),
  POLICY_LARGE_INPUT: optional(choice('deny', 'project'), {
    key: 'policy.largeInput',
    help: 'What becomes of a document over `POLICY_MAX_INPUT_BYTES`. `deny`: a policy error. `project`: policy sees it with its long texts left out. Not set: `deny` for calls, `project` for responses.',
  }),
  POLICY_DENY_STYLE: preset(choice('http', 'jsonrpc', 'tool-error'), 'http', {
    key: 'policy.denyStyle',
    help: 'How a refusal looks. `jsonrpc` suits agents: the error arrives with HTTP 200.',
  }),
  POLICY_DENY_DETAIL: preset(choice('full', 'reason', 'none'), 'full', {
    key: 'policy.denyDetail',
    help: 'How much a refused caller is told.',
  }),
  POLICY_INPUT_HEADERS: preset(wordOrList('all', listOf(headerName)), 'all', {
    key: 'policy.inputHeaders',
    help: 'Request headers that policy sees; never those that carry credentials.',
  }),
} as const satisfies Record<string, Setting<unknown>>
