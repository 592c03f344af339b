# A server on stdio that starts in no time: it begins a session and echoes. It knows requests by the order of their members here.
while IFS= read -r line; do
  [[ $line =~ \"id\":([0-9]+) ]] || continue
  id=${BASH_REMATCH[1]}
  case $line in
    *'"method":"initialize"'*)
      result='{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"small","version":"1"}}' ;;
    *)
      [[ $line =~ \"text\":\"([^\"]*)\" ]]
      result="{\"content\":[{\"type\":\"text\",\"text\":\"${BASH_REMATCH[1]}\"}]}" ;;
  esac
  printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$result"
done
