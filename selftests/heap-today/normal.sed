# SPDX-License-Identifier: GPL-2.0
# Puts dots, and for times words, in the place of what differs from run to run or
# with the version of a library. Widths stay, so that tables do. (What renew does
# itself: the process in the background is 12345.)

# addresses of libraries and of the stack, as text and as bytes in memory
s/\<(0x)?7f[0-9a-f]{10}\>/\17f........../g
s/([0-9a-f]{2} ){4}(.. 7f 00 00)/.. .. .. .. \2/g
# and how large libraries are, in a picture of the memory, and what is resident
s/^( +\| (anonymous|ld-linux|\[vvar\]).*)[ 0-9.]{6}( [KM]iB).{11} \|$/\1   ...\3        ... |/
s/^( +\| .*[ 0-9.]{6} [KMG]?i?B).{11} \|$/\1        ... |/
# and how much of the process is in memory
/^Memory of the process/,/^$/ {
	s/[ 0-9.]{6} ([KMG]iB)/   ... \1/g
	s/[ 0-9.]{5}%/  ...%/g
	s/of .* mapped; its share is .*/of ... MiB mapped; its share is ... KiB/
}
# addresses of a static program, whose bss ends where the library's does
s/\<0x4[0-9a-f]{2}([0-9a-f]{3})\>/0x4..\1/g
# what the kernel places at random, but for where in its page it is
/0x5555555/! s/\<0x5[56][0-9a-f]{7}([0-9a-f]{3})\>/0x5........\1/g
s/^(BrkOffset(Data)?:\t)0x[0-9a-f]+([0-9a-f]{3})$/\10x.....\3/
# the random number with which a thread's free chunks are marked
s/(tcache .*)(([0-9a-f]{2} ){7}[0-9a-f]{2})(  .{16})?$/\1.. .. .. .. .. .. .. ../
# when a call of brk was made, how long ago, and in which process of heapinfo run
s/[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3} +[0-9.]+ [a-z]+ +[0-9]+ /hh:mm:ss.mmm      ... s   12345 /
s/(brk call [0-9]+ at) [0-9.]+ s/\1 ... s/
# spaces at the end of a line, which editors take away
s/[ \t]+$//
# where a function without a name lies in libc, and which build of it that is
s/(libc\.so\.6\+0x)[0-9a-f]+/\1.../
s/\(build-id [0-9a-f]+\)/(build-id ...)/
