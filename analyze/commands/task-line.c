// SPDX-License-Identifier: GPL-2.0-or-later
#include "task-line.h"

#include <stdio.h>

const char *kdx_comm_text(const struct kdx_task *task, char buf[KDX_COMM_TEXT])
{
	char *p = buf;

	for (const char *c = task->comm; *c && c < task->comm + KDX_COMM_LEN; c++) {
		unsigned char byte = (unsigned char)*c;

		if (byte == '\n' || byte == '\t') {
			*p++ = '\\';
			*p++ = byte == '\n' ? 'n' : 't';
		} else if (byte < ' ' || byte == 0x7f) {
			p += snprintf(p, 5, "\\x%02x", byte);
		} else {
			*p++ = *c;
		}
	}
	*p = '\0';
	return buf;
}

void kdx_task_line(struct kdx_out *out, const struct kdx_task *task)
{
	char comm[KDX_COMM_TEXT];

	kdx_int(out, "pid", task->pid, "PID: %-7d  ", task->pid);
	kdx_hex(out, "task", task->task, "TASK: %llx  ", (unsigned long long)task->task);
	if (task->cpu < 0)
		kdx_null(out, "cpu", "CPU: -    ");
	else
		kdx_int(out, "cpu", task->cpu, "CPU: %-3d  ", task->cpu);
	kdx_str(out, "comm", task->comm, "COMMAND: \"%s\"", kdx_comm_text(task, comm));
}

struct kdf_error *kdx_context_task(const struct kdx_call *call, const struct kdx_task **out)
{
	const struct kdx_task_table *table;
	struct kdf_error *e = kdx_tasks(call->session, &table);

	*out = NULL;
	if (!e && call->shell && call->shell->task)
		*out = kdx_task_by_address(table, call->shell->task);
	if (!e && !*out)
		e = kdx_task_default(call->session, out);
	return e;
}
