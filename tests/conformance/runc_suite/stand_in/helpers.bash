
# What follows is berth's: the two sockets are there when a case begins.
eval "begin_$(declare -f setup_recvtty)"
eval "begin_$(declare -f setup_seccompagent)"
setup_recvtty() {
	begin_setup_recvtty
	wait_for_socket "$CONSOLE_SOCKET"
}
setup_seccompagent() {
	begin_setup_seccompagent
	wait_for_socket "$SECCCOMP_AGENT_SOCKET"
}
wait_for_socket() {
	local i
	for ((i = 0; i < 1000; i++)); do
		[ ! -S "$1" ] || return 0
		sleep 0.01
	done
	fail "nobody listens at $1"
}
