#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# dracut module of the crash initramfs. kdxctl has decided everything and written it to the plan (keys: capture/plan.h);
# here it is only carried into the image. Nothing of dracut's own start-up is needed: our kdx-init.sh is /init.
# shellcheck disable=SC2154 # initdir, kernel, moddir: dracut sets them before it calls the functions

kdx_plan=/var/lib/kdump/kdx.plan
kdx_modules=etc/kdx/modules

# plan_values KEY: the values of the plan's KEY lines
plan_values() {
    sed -n "s|^$1 ||p" "$kdx_plan"
}

# Only when asked for by name.
check() {
    return 255
}

depends() {
    return 0
}

# module_order NAME...: "PATH [PARAMETERS]" of each module behind those it depends on, built-in ones left out
module_order() {
    modprobe --set-version "$kernel" --show-depends "$@" 2> /dev/null | sed -n 's|^insmod ||p'
}

# unpack_module FILE: in place. Unpacked, because the image is compressed as a whole, and not every kernel unpacks
# modules by itself; 1 when the tool for it is not here.
unpack_module() {
    case $1 in
        *.xz) xz -d "$1" 2> /dev/null ;;
        *.zst) zstd -q -d --rm "$1" 2> /dev/null ;;
        *.gz) gzip -d "$1" 2> /dev/null ;;
        *) return 1 ;;
    esac
}

# install_one_module NAME: with what it needs, noted in load order
install_one_module() {
    local name=$1 path parameters plain line
    hostonly='' instmods "$name"
    while read -r path parameters; do
        plain=${path%.xz}
        plain=${plain%.zst}
        plain=${plain%.gz}
        if [[ ! -e $initdir/$plain ]]; then
            [[ -e $initdir/$path ]] || inst_simple "$path"
            # Left as it is, kdx-capture asks the kernel to unpack it (5.17 and newer, where it is built for that).
            unpack_module "$initdir/$path" || plain=$path
        fi
        [[ -e $initdir/$plain ]] || return 1
        line=$plain${parameters:+ $parameters}
        grep -qxF "$line" "$initdir/$kdx_modules" || echo "$line" >> "$initdir/$kdx_modules"
    done < <(module_order "$name")
}

installkernel() {
    local name
    mkdir -p "$initdir/${kdx_modules%/*}"
    : > "$initdir/$kdx_modules"
    # A driver that sysfs names may be built in without modprobe knowing it; a module that is wanted may not be missing.
    for name in $(plan_values module); do
        modprobe --set-version "$kernel" --show-depends "$name" > /dev/null 2>&1 || {
            dfatal "kdx: kernel $kernel has no module $name"
            return 1
        }
    done
    for name in $(plan_values driver) $(plan_values module); do
        install_one_module "$name" || {
            dfatal "kdx: cannot install kernel module $name"
            return 1
        }
    done
}

install() {
    local path programs optional
    [[ -r $kdx_plan ]] || {
        dfatal "kdx: $kdx_plan is missing; 'kdxctl rebuild' writes it and calls dracut"
        exit 1
    }
    mapfile -t programs < <(plan_values program)
    mapfile -t optional < <(plan_values optional)
    # Programs come with their libraries, scripts with their interpreters.
    inst_multiple sh "${programs[@]}"
    for path in "${programs[@]}"; do
        [[ -e $initdir/$path ]] || {
            dfatal "kdx: cannot install $path"
            exit 1
        }
    done
    ((${#optional[@]} == 0)) || inst_multiple -o "${optional[@]}"
    inst_simple "$kdx_plan"
    inst_simple /etc/kdump.conf
    inst_simple "$moddir/kdx-init.sh" /init
    # Local time in the dump's name, as the host has it.
    [[ ! -e /etc/localtime ]] || inst_simple "$(readlink -f /etc/localtime)" /etc/localtime
    mkdir -p "$initdir/tmp" "$initdir/run"
}
