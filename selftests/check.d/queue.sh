# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The queue of the check: runs the jobs of several steps, HEAPINFO_JOBS at once; without
# that twice as many as there are processors, since a guest waits for half of its time. It
# knows what a job waits for, but not what a result is.
#
# A step declares its jobs with job() of lib.sh, and so does the list of makers,
# which make what several jobs need. In the queue a job of a step is called
# STEP:NAME, and a maker's by the NAME alone.

# Every job, behind those that it needs.
queue=()
# By the job's name: the program that declares it and its name there, the jobs that
# must have passed before it starts, and the seconds until it is done and all that
# waits for it.
declare -A job_file job_word job_needs job_weight
# The same of jobs that have ended: their status, and how many milliseconds they
# took, of time and of a processor.
declare -A job_status job_wall job_cpu
# By the name of a product: the program that makes it, and what it needs.
declare -A makers
# What a job says is kept here in a file with its name. Who sources this sets it.
queue_logs=''

# add_makers FILE - know what makes the products that jobs need
add_makers()
{
	local jobs name quick needs

	jobs=$("$1" --jobs) || die "$1 does not say what it makes"
	while read -r name quick needs; do
		makers[$name]="$1 $needs"
	done <<<"$jobs"
}

# add_job NAME FILE WORD PRODUCT... - queue a job behind what makes its products
add_job()
{
	local name=$1 product file needs

	for product in "${@:4}"; do
		[ -z "${job_file[$product]:-}" ] || continue
		[ -n "${makers[$product]:-}" ] ||
			die "$name needs $product, which nothing makes"
		read -r file needs <<<"${makers[$product]}"
		# shellcheck disable=SC2086 # a list
		add_job "$product" "$file" "$product" $needs
	done
	job_file[$name]=$2
	job_word[$name]=$3
	job_needs[$name]=${*:4}
	queue+=("$name")
}

# add_step FILE [quick] - queue the jobs of a step, or its quick ones alone, and set
# added to their names. Where the step fails to list them, says what it said.
add_step()
{
	local file=$1 only=${2:-} jobs name quick needs

	added=()
	jobs=$("$file" --jobs </dev/null 2>&1) || { echo "$jobs"; return 1; }
	while read -r name quick needs; do
		[[ -n $name && $quick = "$only"* ]] || continue
		# shellcheck disable=SC2086 # a list
		add_job "${file##*/}:$name" "$file" "$name" $needs
		added+=("${file##*/}:$name")
	done <<<"$jobs"
}

# guess NAME - set guessed to the seconds that a job may take: those of the first of
# the patterns that fits
guess()
{
	local i

	guessed=10
	for i in "${!patterns[@]}"; do
		# shellcheck disable=SC2053 # a pattern
		[[ $1 != ${patterns[i]} ]] || { guessed=${seconds[i]}; return; }
	done
}

# weigh FILE... - how long each job and what waits for it may take, by files with
# lines of a pattern for names, and seconds
weigh()
{
	local i name need guessed patterns=() seconds=()

	while read -r name need; do
		patterns+=("$name")
		seconds+=("$need")
	done < <(cat "$@" 2>/dev/null | grep -v '^#')
	# from the end, since what waits for a job stands behind it
	for ((i = ${#queue[@]} - 1; i >= 0; i--)); do
		name=${queue[i]}
		guess "$name"
		job_weight[$name]=$((${job_weight[$name]:-0} + guessed))
		for need in ${job_needs[$name]}; do
			[ "${job_weight[$need]:-0}" -ge "${job_weight[$name]}" ] ||
				job_weight[$need]=${job_weight[$name]}
		done
	done
}

# start_job NAME - in the background. A shell lets its background jobs ignore ^C.
start_job()
{
	local log=$queue_logs/$1 TIMEFORMAT='%3R %3U %3S'

	{
		time env --default-signal=INT,QUIT "${job_file[$1]}" \
			--job "${job_word[$1]}" >"$log" 2>&1 </dev/null
	} 2>"$log.time" &
	running[$!]=$1
}

# end_job NAME STATUS - take notes of it, and tell who wants to know
# shellcheck disable=SC2034 # the times are for who sources this
end_job()
{
	local wall=0 user=0 system=0

	# the shell may say before it by which signal it ended
	[ ! -e "$queue_logs/$1.time" ] ||
		read -r wall user system < <(tail -n 1 "$queue_logs/$1.time")
	job_wall[$1]=$((10#${wall/./}))
	job_cpu[$1]=$((10#${user/./} + 10#${system/./}))
	job_status[$1]=$2
	job_ended "$1"
}

# lacks NAME PRODUCT - end a job that cannot run, since its product was not made
lacks()
{
	{
		echo "not ok - $1 did not run: $2 was not made"
		tail -n 15 "$queue_logs/$2" | sed 's/^/#  /'
	} >"$queue_logs/$1"
	end_job "$1" 1
}

# next_job - set next to the heaviest of the jobs that can start, or to nothing
next_job()
{
	local i need

	next=
	for i in "${!waiting[@]}"; do
		for need in ${job_needs[${waiting[i]}]}; do
			case ${job_status[$need]:-waits} in
			0) ;;
			waits) continue 2 ;;
			*)
				lacks "${waiting[i]}" "$need"
				unset "waiting[i]"
				continue 2
				;;
			esac
		done
		next=${waiting[i]}
		unset "waiting[i]"
		return
	done
}

# heaviest_first - the names of all jobs in that order
heaviest_first()
{
	local name

	for name in "${queue[@]}"; do
		echo "${job_weight[$name]} $name"
	done | sort -s -k 1,1nr | cut -d ' ' -f 2
}

# run_queue - run all jobs, and call job_ended NAME when one has ended
run_queue()
{
	local waiting next ended status at_once
	local -A running=()

	at_once=${HEAPINFO_JOBS:-$(($(nproc) * 2))}
	mapfile -t waiting < <(heaviest_first)
	while :; do
		while [ ${#running[@]} -lt "$at_once" ]; do
			next_job
			[ -n "$next" ] || break
			start_job "$next"
		done
		[ ${#running[@]} -gt 0 ] || break
		status=0
		wait -n -p ended "${!running[@]}" || status=$?
		next=${running[$ended]}
		unset "running[$ended]"
		end_job "$next" $status
	done
}

# processes_below PID - all that it started, and what these started
processes_below()
{
	local child

	for child in $(pgrep -P "$1"); do
		processes_below "$child"
		echo "$child"
	done
}

# end_queue - end what runs: as asked, then without asking
end_queue()
{
	local left _

	mapfile -t left < <(processes_below $$)
	kill -TERM "${left[@]}" 2>/dev/null
	for _ in {1..20}; do
		kill -0 "${left[@]}" 2>/dev/null || return
		sleep 0.1
	done
	mapfile -O ${#left[@]} -t left < <(processes_below $$)
	kill -KILL "${left[@]}" 2>/dev/null
}
