#!/usr/bin/env bash
# Writes the pages that are generated: docs/settings.md. (docs/compatibility.md is written by the
# end-to-end tests.)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
{
    cat <<'END'
# Settings

Written by `devstack/docs.sh` from what `jeroboam settings sample` prints.

```yaml
END
    cargo run --quiet -p devstack -- settings sample
    echo '```'
} >docs/settings.md.new
mv docs/settings.md.new docs/settings.md
