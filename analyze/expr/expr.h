/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * C expressions over a dump: `((struct task_struct *)0xffff888003a68000)->comm`, `runqueues.nr_running`,
 * `init_task.comm[0]@4`, `container_of(ptr, struct task_struct, tasks)`. No assignment and no calls: a dump
 * cannot run. Typed symbols come from the type database, numbers are C's with two kindnesses: results that do not
 * fit in an int become long, and `name:CPU` behind the expression picks the CPU of per-CPU symbols.
 *
 * Recursion and the length of values are bounded; whatever is typed or read gives a value or an error.
 * One thread, as the session.
 */
#ifndef KDX_EXPR_EXPR_H
#define KDX_EXPR_EXPR_H

#include "analyze/core/symbols.h"
#include "analyze/shell/command.h"
#include "value.h"

struct kdx_expr {
	struct kdx_space space;
	struct kdx_shell *shell; /* for $1, $2...; NULL: none */
	int cpu;                 /* instance of per-CPU symbols; -1: none chosen, using one is an error */
};

/* The whole text must be one expression. KDF_USAGE for what cannot be read, with the place. */
struct kdf_error *kdx_expr_eval(const struct kdx_expr *, const char *text, struct kdx_value *out) KDF_MUST_CHECK;

/* A type's name as in a cast: "struct list_head *", "unsigned long", "pid_t [4]". */
struct kdf_error *kdx_expr_type(struct kdx_session *, const char *text, const struct kdx_type **out) KDF_MUST_CHECK;

/* A symbol that lies in the per-CPU section: its address is no address by itself. */
bool kdx_is_percpu(struct kdx_session *, const struct kdx_symbol *);

/*
 * An address as commands take it: hex digits first, then a symbol (its address), symbol+offset, and any
 * expression. A structure in memory stands for where it lies.
 */
struct kdf_error *kdx_expr_address(const struct kdx_expr *, const char *word, uint64_t *out) KDF_MUST_CHECK;
/* A number as commands take it: decimal (0x: hex), else an expression. */
struct kdf_error *kdx_expr_number(const struct kdx_expr *, const char *word, uint64_t *out) KDF_MUST_CHECK;

/*
 * "text:CPUS" taken apart: *length without the cpu part, *cpus (lent; "" for a bare ':') or NULL when there is
 * none. A ':' that belongs to ?: is left alone.
 */
void kdx_cpu_part(const char *text, size_t *length, const char **cpus);

/* A CPU list, "3", "0,2-4", "a", "all", "" (the CPU of the shell's context), as flags of malloc'ed *set, one bool
 * a CPU, kdx_cpu_limit() of them; only CPUs that this kernel has. KDF_USAGE "invalid cpu specification: X". */
struct kdf_error *kdx_cpu_set(struct kdx_session *, const char *cpus, unsigned current, bool **set) KDF_MUST_CHECK;

/* ---- $1, $2, ... ---- */
struct kdf_error *kdx_history_add(struct kdx_shell *, const struct kdx_value *, unsigned *number) KDF_MUST_CHECK;
const struct kdx_value *kdx_history_get(const struct kdx_shell *, unsigned number); /* 1 is the first; NULL: none */
unsigned kdx_history_count(const struct kdx_shell *);
/* Bytes that live as long as the history (string literals); NULL: no memory. */
uint8_t *kdx_history_bytes(struct kdx_shell *, size_t len);
void kdx_history_free(struct kdx_shell *);

#endif
