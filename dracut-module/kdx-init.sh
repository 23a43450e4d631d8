#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# /init of the crash initramfs. kdx-capture does everything and ends the machine; what stands behind it is for the
# case that it could not even do that.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

/usr/lib/kdx/kdx-capture --crash-kernel
status=$?

echo "kdx: kdx-capture came back with status $status; restarting the machine" > /dev/console
if [ -w /proc/sysrq-trigger ]; then
    # what was written so far goes to the disk, then restart
    echo s > /proc/sysrq-trigger
    echo u > /proc/sysrq-trigger
    echo b > /proc/sysrq-trigger
fi
# Without /proc the end of /init is a panic, and panic= on the command line restarts.
exit 1
