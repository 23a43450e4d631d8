// SPDX-License-Identifier: GPL-2.0-or-later
/* kdump.conf and the settings file: good ones, and what is wrong with the bad ones, with the line. */
#include "capture/conf.h"
#include "capture/settings.h"
#include "test.h"

static void good_file(void)
{
	static const char text[] =
		"# a comment\n"
		"\n"
		"ext4 UUID=0123-4567\n"
		"  path\t/dumps   # behind a value\n"
		"core_collector \"makedumpfile -c --message-level 7 -d 17\"\r\n"
		"kdump_pre /usr/bin/before#1 with words\n"
		"failure_action poweroff\n"
		"final_action shell\n"
		"force_rebuild 1\n"
		"extra_modules  dm_mod   loop \n"
		"auto_reset_crashkernel no";
	struct conf c;
	char where[64];

	if (!CHECK_OK(conf_parse("k.conf", text, &c)))
		return;
	CHECK_TEXT(c.target_type, "ext4");
	CHECK_TEXT(conf_text(&c, CONF_TARGET), "UUID=0123-4567");
	CHECK_TEXT(conf_text(&c, CONF_PATH), "/dumps");
	CHECK_TEXT(conf_text(&c, CONF_CORE_COLLECTOR), "makedumpfile -c --message-level 7 -d 17");
	CHECK_TEXT(conf_text(&c, CONF_KDUMP_PRE), "/usr/bin/before#1 with words");
	CHECK_TEXT(conf_text(&c, CONF_KDUMP_POST), "");
	CHECK_TEXT(conf_text(&c, CONF_EXTRA_MODULES), "dm_mod   loop");
	CHECK(c.failure_action == ACTION_POWEROFF && c.final_action == ACTION_SHELL);
	CHECK(c.force_rebuild && !c.force_no_rebuild);
	CHECK_TEXT(conf_where(&c, CONF_PATH, where, sizeof(where)), "k.conf:4");
	CHECK_TEXT(conf_where(&c, CONF_AUTO_RESET_CRASHKERNEL, where, sizeof(where)), "k.conf:11");
	CHECK_TEXT(conf_where(&c, CONF_KDUMP_POST, where, sizeof(where)), "default");
	conf_free(&c);
}

static void empty_file(void)
{
	struct conf c;
	char where[64];

	if (!CHECK_OK(conf_parse("k.conf", "", &c)))
		return;
	CHECK_TEXT(conf_text(&c, CONF_PATH), "/var/crash");
	CHECK_TEXT(conf_text(&c, CONF_CORE_COLLECTOR), "kdx-filter -l --message-level 7 -d 31");
	CHECK(c.failure_action == ACTION_REBOOT && c.final_action == ACTION_REBOOT && !c.target_type);
	CHECK_TEXT(conf_where(&c, CONF_PATH, where, sizeof(where)), "default");
	conf_free(&c);
}

/* Text, the code of the error, and what its message must contain (the first two words are FILE:LINE). */
static const struct {
	const char *text;
	enum kdf_code code;
	const char *place, *hint;
} bad[] = {
	{ "path /a\n\npath /b\n", KDF_USAGE, "k.conf:3: ", "already set in line 1" },
	{ "path /a\nfoo bar\n", KDF_USAGE, "k.conf:2: ", "unknown directive 'foo'" },
	{ "paths /a\n", KDF_USAGE, "k.conf:1: ", "'paths'" },
	{ "pat /a\n", KDF_USAGE, "k.conf:1: ", "'pat'" },
	{ "path\n", KDF_USAGE, "k.conf:1: ", "needs a value" },
	{ "path # nothing\n", KDF_USAGE, "k.conf:1: ", "needs a value" },
	{ "path \"\"\n", KDF_USAGE, "k.conf:1: ", "needs a value" },
	{ "\n\npath ../x\n", KDF_USAGE, "k.conf:3: ", "'..'" },
	{ "path /a/../b\n", KDF_USAGE, "k.conf:1: ", "'..'" },
	{ "path a b\n", KDF_USAGE, "k.conf:1: ", "blank" },
	{ "\npath dumps\n", KDF_USAGE, "k.conf:2: ", "must begin with '/'" },
	{ "failure_action explode\n", KDF_USAGE, "k.conf:1: ", "reboot, halt, poweroff, shell" },
	{ "default reboot\nfailure_action halt\n", KDF_USAGE, "k.conf:2: ", "line 1" },
	{ "failure_action dump_to_rootfs\n", KDF_UNSUPPORTED, "k.conf:1: ", "use reboot" },
	{ "ext4 UUID=a\n# x\nxfs UUID=b\n", KDF_USAGE, "k.conf:3: ", "stands in line 1" },
	{ "ext4 vda1\n", KDF_USAGE, "k.conf:1: ", "/dev/" },
	{ "ext4 /dev/vda1 /dev/vdb1\n", KDF_USAGE, "k.conf:1: ", "one device" },
	{ "nfs host:/export\n", KDF_UNSUPPORTED, "k.conf:1: ", "works" },
	{ "ssh a@b\n", KDF_UNSUPPORTED, "k.conf:1: ", "ext4" },
	{ "raw /dev/sda5\n", KDF_UNSUPPORTED, "k.conf:1: ", "ext4" },
	{ "virtiofs tag\n", KDF_UNSUPPORTED, "k.conf:1: ", "ext4" },
	{ "sshkey /etc/kdump/key\n", KDF_UNSUPPORTED, "k.conf:1: ", "ssh" },
	{ "fence_kdump_nodes a\n", KDF_UNSUPPORTED, "k.conf:1: ", "kdump_pre" },
	{ "net host:/x\n", KDF_UNSUPPORTED, "k.conf:1: ", "kdump-utils no longer" },
	{ "override_resettable 1\n", KDF_UNSUPPORTED, "k.conf:1: ", "leave it out" },
	{ "core_collector makedumpfile -F -d 31\n", KDF_USAGE, "k.conf:1: ", "-F" },
	{ "core_collector scp\n", KDF_UNSUPPORTED, "k.conf:1: ", "scp" },
	{ "force_rebuild yes\n", KDF_USAGE, "k.conf:1: ", "0 nor 1" },
	{ "force_rebuild 1\nforce_no_rebuild 1\n", KDF_USAGE, "k.conf:2: ", "line 1" },
	{ "auto_reset_crashkernel yes\n", KDF_UNSUPPORTED, "k.conf:1: ", "crashkernel=" },
	{ "auto_reset_crashkernel maybe\n", KDF_USAGE, "k.conf:1: ", "yes nor no" },
	{ "dracut_args --mount \"/dev/x /y ext4\"\n", KDF_UNSUPPORTED, "k.conf:1: ", "--mount" },
};

static void bad_files(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct conf c;
		struct kdf_error *e = conf_parse("k.conf", bad[i].text, &c);
		const char *text = kdf_error_text(e);

		if (!CHECK(e != NULL)) {
			fprintf(stderr, "  accepted: %s", bad[i].text);
			conf_free(&c);
			continue;
		}
		if (!CHECK(kdf_error_code(e) == bad[i].code && !strncmp(text, bad[i].place, strlen(bad[i].place)) &&
			   strstr(text, bad[i].hint)))
			fprintf(stderr, "  for %s  got %s: %s\n", bad[i].text, kdf_code_name(kdf_error_code(e)), text);
		kdf_error_free(e);
	}
}

static void settings_files(void)
{
	static const struct {
		const char *text;
		enum kdf_code code;
		const char *has;
	} wrong[] = {
		{ "KDUMP_KERNELVER=a\nKDUMP_KERNELVER=b\n", KDF_USAGE,
		  "s:2: 'KDUMP_KERNELVER' was already set in line 1" },
		{ "# c\nNONSENSE=1\n", KDF_USAGE, "s:2: unknown setting" },
		{ "KDUMP_COMMANDLINE_APPEND=\"a b\n", KDF_USAGE, "s:1: KDUMP_COMMANDLINE_APPEND: the closing" },
		{ "KDUMP_COMMANDLINE_APPEND=a b\n", KDF_USAGE, "'b' stands behind" },
		{ "KEXEC_ARGS=\"$X\"\n", KDF_USAGE, "no shell" },
		{ "KDUMP_IMG=vmlinuz\n", KDF_UNSUPPORTED, "no effect" },
		{ "export X\n", KDF_USAGE, "is no KEY" },
	};
	struct settings s;

	if (CHECK_OK(settings_parse("s", "# c\n\nKDUMP_KERNELVER=\"\"\nKEXEC_ARGS='-s'  # why\nKDUMP_BOOTDIR=/efi\n"
					 "KDUMP_COMMANDLINE_APPEND=\"a b=\"\n", &s))) {
		CHECK_TEXT(settings_text(&s, SETTING_KEXEC_ARGS), "-s");
		CHECK_TEXT(settings_text(&s, SETTING_BOOTDIR), "/efi");
		CHECK_TEXT(settings_text(&s, SETTING_KERNELVER), "");
		CHECK_TEXT(settings_text(&s, SETTING_COMMANDLINE_APPEND), "a b=");
		CHECK(s.line[SETTING_KEXEC_ARGS] == 4 && !s.value[SETTING_COMMANDLINE]);
		settings_free(&s);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct kdf_error *e = settings_parse("s", wrong[i].text, &s);

		if (!CHECK(e && kdf_error_code(e) == wrong[i].code && strstr(kdf_error_text(e), wrong[i].has)))
			fprintf(stderr, "  for %s  got %s\n", wrong[i].text, kdf_error_text(e));
		kdf_error_free(e);
	}
}

int main(void)
{
	good_file();
	empty_file();
	bad_files();
	settings_files();
	TEST_END();
}
