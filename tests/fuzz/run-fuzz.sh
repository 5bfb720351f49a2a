#!/bin/sh
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs the fuzz target $1 for $2 seconds on the corpus $3; an input that breaks it is kept in $4. What it
# finds on its way is thrown away: new inputs worth keeping are added to the corpus by hand.
set -eu
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
"$1" -max_total_time="$2" -error_exitcode=1 -timeout_exitcode=1 -timeout=20 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
  -artifact_prefix="$4/$(basename "$1")-" "$found" "$3"
