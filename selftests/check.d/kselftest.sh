# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the steps that run kselftests share.

# shellcheck source=SCRIPTDIR/../check.d/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# run_kselftests VERSION LABEL PART NR [OPTION]... -- COMMAND... - the results of
# COMMAND, which runs the kselftests in that kernel's machine, where PART of what
# was built is in /root. The OPTIONs are those of vm/boot. NR is how many tests
# it runs; 0 for all.
run_kselftests()
{
	local version=$1 label=$2 part=$3 nr=$4 suite tests status=0
	shift 4

	suite=$(kernel_field "$version" 2)
	tests=$("$VM_DIR/kselftests" "$suite" 2>"$scratch/err") || {
		result 1 "$label: the kselftests build" "$scratch/err"
		return
	}
	[ "$nr" -ne 0 ] ||
		nr=$(wc -l <"$tests/kselftest/kselftest-list.txt")
	guest --kernel "$version" --timeout 3000 \
		--add "$tests/$part" "$@" \
		>"$scratch/tap" 2>"$scratch/err" || status=$?
	sed 's,^,| ,' "$scratch/tap" "$scratch/err"
	awk -v kernel="$label" -f "$REPO/selftests/check.d/kselftest.awk" \
		-v wanted="$nr" "$scratch/tap" | tee "$scratch/results"
	note "$label: $(awk '
		/^not ok/ { failed++; next }
		/# SKIP/ { skipped++; next }
		/^ok/ { passed++ }
		END { print passed + 0 " passed, " failed + 0 " failed, " \
			skipped + 0 " skipped" }' "$scratch/results")"
	# what tests of attacks and storms counted
	sed -nE 's/^# # [a-z]+\.c:[0-9]+:([a-z_]+:)([0-9]+ .* (leaks|times))$/\1 \2/p' \
		"$scratch/tap" | while read -r counted; do
		note "$label: $counted"
	done
	result "$status" "$label: all of them ran, the kernel did not complain" \
		"$scratch/err"
}
