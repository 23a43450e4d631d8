// SPDX-License-Identifier: GPL-2.0-or-later
/* Types out of DWARF 4 and 5 by libdw. A type's id is the offset of its entry in .debug_info. */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>
#include <string.h>

#include "btf-index.h"
#include "debuginfo.h"
#include "dwarf-index.h"

/* One entry describes all dimensions of an array; the dimension goes into the id's top byte. */
enum { DIMENSION_SHIFT = 56, MAX_DIMENSIONS = 16 };

struct dwarf_types {
	Dwarf *dw;
	struct kdx_dwarf_index index;
	struct kdx_elf *elf;
	/* The file's BTF knows at once that a name is nowhere in the file, where DWARF would have to be read to its
	 * end. btf NULL: none, or not opened yet. */
	struct kdf_btf *btf;
	struct kdx_btf_index names;
	bool asked_for_names;
	struct kdf_error *damage; /* of the first unit that could not be read */
};

static struct kdf_error *dwarf_problem(uint64_t id)
{
	return kdf_err(KDF_CORRUPT, "DWARF: entry at %#jx: %s", (uintmax_t)id, dwarf_errmsg(-1));
}

/* ---- attributes ---- */

static bool attribute(Dwarf_Die *die, unsigned name, Dwarf_Attribute *out)
{
	return dwarf_attr_integrate(die, name, out);
}

static bool number(Dwarf_Die *die, unsigned name, uint64_t *out)
{
	Dwarf_Attribute attr;
	Dwarf_Word value;

	if (!attribute(die, name, &attr) || dwarf_formudata(&attr, &value))
		return false;
	*out = value;
	return true;
}

static bool flag(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attr;
	bool value = false;

	return attribute(die, name, &attr) && !dwarf_formflag(&attr, &value) && value;
}

static const char *text(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attr;

	return attribute(die, name, &attr) ? dwarf_formstring(&attr) : NULL;
}

/* Offset of the entry that DW_AT_type names; 0, void, without one. */
static struct kdf_error *type_of(Dwarf_Die *die, uint64_t *id)
{
	Dwarf_Attribute attr;
	Dwarf_Die type;

	*id = 0;
	if (!attribute(die, DW_AT_type, &attr))
		return NULL;
	if (!dwarf_formref_die(&attr, &type))
		return dwarf_problem(dwarf_dieoffset(die));
	*id = dwarf_dieoffset(&type);
	return NULL;
}

static struct kdf_error *entry(struct dwarf_types *d, uint64_t id, Dwarf_Die *out)
{
	if (!dwarf_offdie(d->dw, id & ((1ull << DIMENSION_SHIFT) - 1), out))
		return dwarf_problem(id);
	return NULL;
}

/* Moves to the next sibling; 1 behind the last. Damaged sibling offsets must not lead back. */
static int next_sibling(Dwarf_Die *die)
{
	Dwarf_Die next;
	int end = dwarf_siblingof(die, &next);

	if (end)
		return end;
	if ((const unsigned char *)next.addr <= (const unsigned char *)die->addr)
		return -1;
	*die = next;
	return 0;
}

/* ---- description ---- */

static struct kdf_error *describe_base(Dwarf_Die *die, struct kdx_type *type)
{
	uint64_t encoding = 0;

	(void)number(die, DW_AT_encoding, &encoding);
	type->kind = encoding == DW_ATE_float || encoding == DW_ATE_complex_float ? KDX_FLOAT : KDX_INT;
	type->is_signed = encoding == DW_ATE_signed || encoding == DW_ATE_signed_char || type->kind == KDX_FLOAT;
	type->is_char = encoding == DW_ATE_signed_char || encoding == DW_ATE_unsigned_char;
	type->is_bool = encoding == DW_ATE_boolean;
	return NULL;
}

static struct kdf_error *enumerator_value(Dwarf_Die *die, int64_t *out)
{
	Dwarf_Attribute attr;
	Dwarf_Sword s;
	Dwarf_Word u;

	*out = 0;
	if (!attribute(die, DW_AT_const_value, &attr))
		return NULL;
	/* The fixed-size forms say nothing of a sign; gcc writes negative values as sdata. */
	unsigned form = dwarf_whatform(&attr);
	if (form == DW_FORM_sdata || form == DW_FORM_implicit_const) {
		if (dwarf_formsdata(&attr, &s))
			return dwarf_problem(dwarf_dieoffset(die));
		*out = s;
		return NULL;
	}
	if (dwarf_formudata(&attr, &u))
		return dwarf_problem(dwarf_dieoffset(die));
	*out = (int64_t)u;
	return NULL;
}

static struct kdf_error *read_enumerators(Dwarf_Die *die, struct kdx_raw_enumerators *out)
{
	Dwarf_Die child;
	int end = dwarf_child(die, &child);

	for (; !end; end = next_sibling(&child)) {
		int64_t value;
		const char *name = text(&child, DW_AT_name);

		if (dwarf_tag(&child) != DW_TAG_enumerator || !name)
			continue;
		struct kdf_error *e = enumerator_value(&child, &value);
		if (!e)
			e = kdx_raw_enumerator_add(out, name, value);
		if (e)
			return e;
	}
	return end < 0 ? dwarf_problem(dwarf_dieoffset(die)) : NULL;
}

/* The sign of an enum is not stored where it can be relied on: one with a negative value is signed. */
static struct kdf_error *describe_enum(Dwarf_Die *die, struct kdx_type *type)
{
	struct kdx_raw_enumerators list = { 0 };
	struct kdf_error *e = read_enumerators(die, &list);
	uint64_t encoding;
	bool unsigned_base = number(die, DW_AT_encoding, &encoding) && encoding == DW_ATE_unsigned;

	type->kind = KDX_ENUM;
	for (size_t i = 0; i < list.n && !unsigned_base; i++)
		type->is_signed = type->is_signed || list.enumerator[i].value < 0;
	free(list.enumerator);
	return e;
}

static struct kdf_error *array_dimensions(Dwarf_Die *die, uint64_t count[MAX_DIMENSIONS], unsigned *n)
{
	Dwarf_Die child;
	int end = dwarf_child(die, &child);

	*n = 0;
	for (; !end; end = next_sibling(&child)) {
		uint64_t value = 0;

		if (dwarf_tag(&child) != DW_TAG_subrange_type)
			continue;
		if (*n == MAX_DIMENSIONS)
			return kdf_err(KDF_LIMIT, "DWARF: array at %#jx has more than %d dimensions",
				       (uintmax_t)dwarf_dieoffset(die), (int)MAX_DIMENSIONS);
		/* int x[0] has an upper bound of -1 (in whichever form), int x[] none at all. */
		if (!number(&child, DW_AT_count, &value) && number(&child, DW_AT_upper_bound, &value))
			value = value == UINT32_MAX || value == UINT64_MAX ? 0 : value + 1;
		count[(*n)++] = value;
	}
	return end < 0 ? dwarf_problem(dwarf_dieoffset(die)) : NULL;
}

static struct kdf_error *describe_array(Dwarf_Die *die, uint64_t id, struct kdx_raw_type *out)
{
	unsigned dimension = (unsigned)(id >> DIMENSION_SHIFT), n;
	uint64_t count[MAX_DIMENSIONS];
	struct kdf_error *e = array_dimensions(die, count, &n);

	if (e)
		return e;
	out->type.kind = KDX_ARRAY;
	out->type.elements = dimension < n ? count[dimension] : 0;
	if (dimension + 1 >= n)
		return type_of(die, &out->target);
	out->target = dwarf_dieoffset(die) | (uint64_t)(dimension + 1) << DIMENSION_SHIFT;
	return NULL;
}

static struct kdf_error *dwarf_describe(void *self, uint64_t id, struct kdx_raw_type *out)
{
	struct dwarf_types *d = self;
	struct kdx_type *type = &out->type;
	Dwarf_Die die;
	struct kdf_error *e = entry(d, id, &die);

	if (e)
		return e;
	*out = (struct kdx_raw_type){ .type.kind = KDX_VOID };
	type->name = text(&die, DW_AT_name);
	(void)number(&die, DW_AT_byte_size, &type->size);
	type->incomplete = flag(&die, DW_AT_declaration);
	switch (dwarf_tag(&die)) {
	case DW_TAG_base_type:
		return describe_base(&die, type);
	case DW_TAG_enumeration_type:
		return describe_enum(&die, type);
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
		type->kind = KDX_STRUCT;
		return NULL;
	case DW_TAG_union_type:
		type->kind = KDX_UNION;
		return NULL;
	case DW_TAG_array_type:
		return describe_array(&die, id, out);
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
		type->kind = KDX_POINTER;
		if (!type->size)
			type->size = d->elf->pointer_size;
		return type_of(&die, &out->target);
	case DW_TAG_typedef:
		type->kind = KDX_TYPEDEF;
		return type_of(&die, &out->target);
	case DW_TAG_const_type:
		type->kind = KDX_CONST;
		return type_of(&die, &out->target);
	case DW_TAG_volatile_type:
	case DW_TAG_atomic_type:
		type->kind = KDX_VOLATILE;
		return type_of(&die, &out->target);
	case DW_TAG_restrict_type:
		type->kind = KDX_RESTRICT;
		return type_of(&die, &out->target);
	case DW_TAG_subroutine_type:
	case DW_TAG_subprogram:
		type->kind = KDX_FUNCTION;
		type->name = NULL;
		type->incomplete = false;
		return type_of(&die, &out->target);
	case DW_TAG_unspecified_type:
		return NULL;
	default:
		return kdf_err(KDF_CORRUPT, "DWARF: entry at %#jx is no type (tag %#x)", (uintmax_t)id,
			       (unsigned)dwarf_tag(&die));
	}
}

/* ---- contents ---- */

/* Where a member starts, in bytes: a constant, or a small location expression in older DWARF. */
static uint64_t member_location(Dwarf_Die *member)
{
	Dwarf_Attribute attr;
	Dwarf_Word value;
	Dwarf_Op *op;
	size_t n;

	if (!attribute(member, DW_AT_data_member_location, &attr))
		return 0;
	if (!dwarf_formudata(&attr, &value))
		return value;
	if (!dwarf_getlocation(&attr, &op, &n) && n == 1 && op->atom == DW_OP_plus_uconst)
		return op->number;
	return 0;
}

/* What stands behind typedefs and qualifiers; libdw's own loop for this has no end on a damaged ring of them. */
static bool plain_type(Dwarf_Die *type)
{
	enum { MAX_STEPS = 64 };
	Dwarf_Attribute attr;

	for (int i = 0; i < MAX_STEPS; i++) {
		switch (dwarf_tag(type)) {
		case DW_TAG_typedef:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_restrict_type:
		case DW_TAG_atomic_type:
			break;
		default:
			return true;
		}
		if (!attribute(type, DW_AT_type, &attr) || !dwarf_formref_die(&attr, type))
			return false;
	}
	return false;
}

/* DWARF before version 4 counts a bit field from the most significant bit of a storage unit, which is the
 * field's declared type unless the member has a size of its own. */
static uint64_t old_bit_offset(const struct dwarf_types *d, Dwarf_Die *member, uint64_t bit_offset, uint64_t bit_size)
{
	uint64_t storage = 0;
	Dwarf_Attribute attr;
	Dwarf_Die type;

	if (d->elf->big_endian)
		return bit_offset;
	if (!number(member, DW_AT_byte_size, &storage) && attribute(member, DW_AT_type, &attr) &&
	    dwarf_formref_die(&attr, &type) && plain_type(&type))
		(void)number(&type, DW_AT_byte_size, &storage);
	return storage * 8 - bit_offset - bit_size;
}

static struct kdf_error *read_member(const struct dwarf_types *d, Dwarf_Die *die, struct kdx_raw_member *out)
{
	uint64_t bits = 0, offset;

	*out = (struct kdx_raw_member){ .name = text(die, DW_AT_name) };
	if (number(die, DW_AT_bit_size, &bits) && bits > 64)
		return kdf_err(KDF_CORRUPT, "DWARF: member at %#jx: a bit field of %ju bits",
			       (uintmax_t)dwarf_dieoffset(die), (uintmax_t)bits);
	out->bit_size = (uint32_t)bits;
	if (number(die, DW_AT_data_bit_offset, &offset)) {
		out->bit_offset = offset;
	} else {
		if (__builtin_mul_overflow(member_location(die), (uint64_t)8, &out->bit_offset))
			return kdf_err(KDF_CORRUPT, "DWARF: member at %#jx: offset out of bounds",
				       (uintmax_t)dwarf_dieoffset(die));
		if (bits && number(die, DW_AT_bit_offset, &offset))
			out->bit_offset += old_bit_offset(d, die, offset, bits);
	}
	return type_of(die, &out->type);
}

static struct kdf_error *dwarf_members(void *self, uint64_t id, struct kdx_raw_members *out)
{
	struct dwarf_types *d = self;
	Dwarf_Die die, child;
	struct kdf_error *e = entry(d, id, &die);

	if (e)
		return e;
	int end = dwarf_child(&die, &child);
	for (; !end; end = next_sibling(&child)) {
		struct kdx_raw_member member;

		switch (dwarf_tag(&child)) {
		case DW_TAG_member:
			e = read_member(d, &child, &member);
			break;
		case DW_TAG_formal_parameter:
			member = (struct kdx_raw_member){ .name = text(&child, DW_AT_name) };
			e = type_of(&child, &member.type);
			break;
		case DW_TAG_unspecified_parameters:
			member = (struct kdx_raw_member){ .name = "..." };
			break;
		default:
			continue;
		}
		if (!e)
			e = kdx_raw_member_add(out, &member);
		if (e)
			return e;
	}
	return end < 0 ? dwarf_problem(id) : NULL;
}

static struct kdf_error *dwarf_enumerators(void *self, uint64_t id, struct kdx_raw_enumerators *out)
{
	Dwarf_Die die;
	struct kdf_error *e = entry(self, id, &die);

	return e ? e : read_enumerators(&die, out);
}

/* ---- names ---- */

static void open_names(struct dwarf_types *d)
{
	struct kdx_elf_section section;
	struct kdf_error *e = kdx_elf_section(d->elf, ".BTF", 0, &section);

	d->asked_for_names = true;
	if (!e)
		e = kdf_btf_open(section.data, section.size, &d->btf);
	/* Without it a search for a missing name only takes longer. */
	kdf_error_free(e);
	d->names.btf = d->btf;
}

static struct kdx_btf_index *other_names(struct dwarf_types *d)
{
	if (!d->asked_for_names)
		open_names(d);
	return d->btf ? &d->names : NULL;
}

static bool whole_type(Dwarf_Die *type)
{
	Dwarf_Die child;
	Dwarf_Attribute attr;
	int end;

	if (flag(type, DW_AT_declaration))
		return false;
	if (dwarf_tag(type) != DW_TAG_array_type)
		return true;
	for (end = dwarf_child(type, &child); !end; end = next_sibling(&child))
		if (dwarf_tag(&child) == DW_TAG_subrange_type)
			return attribute(&child, DW_AT_upper_bound, &attr) || attribute(&child, DW_AT_count, &attr);
	return false;
}

/* `extern` declarations tell a variable's type as well as its definition does, unless the type is cut short. */
static bool good_declaration(struct dwarf_types *d, Dwarf_Off offset)
{
	Dwarf_Die die, type;
	Dwarf_Attribute attr;

	return offset && dwarf_offdie(d->dw, offset, &die) && attribute(&die, DW_AT_type, &attr) &&
	       dwarf_formref_die(&attr, &type) && plain_type(&type) && whole_type(&type);
}

/* Among what is indexed so far; 0: none. */
static Dwarf_Off find_indexed(struct dwarf_types *d, unsigned classes, const char *name)
{
	for (int class = 0; class < KDX_CLASS_MAX; class++) {
		if (!(classes & KDX_IN(class)))
			continue;
		Dwarf_Off offset = kdx_dwarf_index_defined(&d->index, (enum kdx_class)class, name);
		if (offset)
			return offset;
		offset = kdx_dwarf_index_declared(&d->index, (enum kdx_class)class, name);
		if (class == KDX_CLASS_VARIABLE && good_declaration(d, offset))
			return offset;
	}
	return 0;
}

static Dwarf_Off find_declared(struct dwarf_types *d, unsigned classes, const char *name)
{
	for (int class = 0; class < KDX_CLASS_MAX; class++) {
		Dwarf_Off offset = classes & KDX_IN(class)
			? kdx_dwarf_index_declared(&d->index, (enum kdx_class)class, name) : 0;

		if (offset)
			return offset;
	}
	return 0;
}

/* Reads on. A damaged unit is passed over, but remembered for the case that the name turns up nowhere. */
static struct kdf_error *read_more(struct dwarf_types *d)
{
	struct kdf_error *e = kdx_dwarf_index_more(&d->index);

	if (kdf_error_code(e) != KDF_CORRUPT)
		return e;
	if (!d->damage)
		d->damage = e;
	else
		kdf_error_free(e);
	return NULL;
}

static struct kdf_error *not_found(const struct dwarf_types *d)
{
	return d->damage ? kdf_err(KDF_CORRUPT, "not found, and parts of the debug info cannot be read: %s",
				   kdf_error_text(d->damage)) : NULL;
}

/* Reads on until the name turns up or the file ends. */
static struct kdf_error *search(struct dwarf_types *d, unsigned classes, const char *name, Dwarf_Off *out)
{
	*out = find_indexed(d, classes, name);
	while (!*out && !d->index.complete) {
		struct kdf_error *e = read_more(d);

		if (e)
			return e;
		*out = find_indexed(d, classes, name);
	}
	return NULL;
}

/*
 * A bare name is looked for in several classes, and a unit read early may hold a typedef of the name while a
 * struct of it comes much later: with BTF the class is known before, without it the first unit decides.
 */
static unsigned narrow(struct dwarf_types *d, unsigned classes, const char *name)
{
	struct kdx_btf_index *names = other_names(d);

	if (!names || classes & ~KDX_IN_ANY_TYPE)
		return classes;
	for (int class = 0; class < KDX_CLASS_MAX; class++)
		if (classes & KDX_IN(class) && kdx_btf_index_defined(names, (enum kdx_class)class, name))
			return KDX_IN(class);
	return 0;
}

static struct kdf_error *dwarf_find(void *self, unsigned classes, const char *name, uint64_t *id)
{
	struct dwarf_types *d = self;
	Dwarf_Off offset = 0;
	Dwarf_Die die;
	struct kdf_error *e = NULL;

	*id = KDX_NO_TYPE;
	if (classes & KDX_IN(KDX_CLASS_STRUCT))
		offset = kdx_dwarf_index_defined(&d->index, KDX_CLASS_STRUCT, name);
	if (!offset) {
		unsigned narrowed = narrow(d, classes, name);

		if (narrowed)
			e = search(d, narrowed, name, &offset);
	}
	if (e)
		return e;
	if (!offset)
		offset = find_declared(d, classes, name);
	if (!offset)
		return not_found(d);
	if (!(classes & (KDX_IN(KDX_CLASS_VARIABLE) | KDX_IN(KDX_CLASS_FUNCTION)))) {
		*id = offset;
		return NULL;
	}
	if (!dwarf_offdie(d->dw, offset, &die))
		return dwarf_problem(offset);
	if (dwarf_tag(&die) == DW_TAG_subprogram)
		*id = offset;
	else
		e = type_of(&die, id);
	return e;
}

static struct kdf_error *dwarf_find_enumerator(void *self, const char *name, uint64_t *id)
{
	struct dwarf_types *d = self;
	struct kdx_btf_index *names;

	*id = kdx_dwarf_index_enumerator(&d->index, name);
	names = *id ? NULL : other_names(d);
	if (names && !kdx_btf_index_enumerator(names, name)) {
		*id = KDX_NO_TYPE;
		return NULL;
	}
	while (!*id && !d->index.complete) {
		struct kdf_error *e = read_more(d);

		if (e)
			return e;
		*id = kdx_dwarf_index_enumerator(&d->index, name);
	}
	if (*id)
		return NULL;
	*id = KDX_NO_TYPE;
	return not_found(d);
}

static void dwarf_close(void *self)
{
	struct dwarf_types *d = self;

	kdx_dwarf_index_free(&d->index);
	kdf_error_free(d->damage);
	kdx_btf_index_free(&d->names);
	kdf_btf_close(d->btf);
	dwarf_end(d->dw);
	free(d);
}

static const struct kdx_type_source dwarf_source = {
	.name = "DWARF of vmlinux",
	.variables_hint = "",
	.close = dwarf_close,
	.find = dwarf_find,
	.describe = dwarf_describe,
	.members = dwarf_members,
	.enumerators = dwarf_enumerators,
	.find_enumerator = dwarf_find_enumerator,
};

struct kdf_error *kdx_typedb_use_dwarf(struct kdx_typedb *db, struct kdx_elf *elf)
{
	Elf_Scn *scn = NULL;
	struct dwarf_types *d;
	bool found = false;
	size_t names;

	/* libdw also accepts files with nothing but .debug_frame. */
	while (!elf_getshdrstrndx(elf->elf, &names) && (scn = elf_nextscn(elf->elf, scn)) && !found) {
		GElf_Shdr sh;
		const char *name = gelf_getshdr(scn, &sh) ? elf_strptr(elf->elf, names, sh.sh_name) : NULL;

		found = name && sh.sh_type != SHT_NOBITS &&
			(!strcmp(name, ".debug_info") || !strcmp(name, ".zdebug_info"));
	}
	if (!found)
		return kdf_err(KDF_NOT_FOUND, "'%s' has no DWARF", elf->path);
	d = calloc(1, sizeof(*d));
	if (!d)
		return kdf_err(KDF_NOMEM, "out of memory for types");
	d->elf = elf;
	d->dw = dwarf_begin_elf(elf->elf, DWARF_C_READ, NULL);
	if (!d->dw) {
		free(d);
		return kdf_err(KDF_CORRUPT, "'%s': cannot read its DWARF: %s", elf->path, dwarf_errmsg(-1));
	}
	d->index.dw = d->dw;
	kdx_typedb_set_source(db, &dwarf_source, d);
	return NULL;
}
