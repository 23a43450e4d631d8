# SPDX-License-Identifier: GPL-2.0-or-later
"""What a page frame was: by the guest's own /proc/kpageflags, and by its struct page in the dump.

The first is some seconds older than the crash; where the two disagree, the page changed hands in between, and the
struct page is what a filter has to go by. Both are decoded here without a line of the filter's code.
"""
import struct

# include/uapi/linux/kernel-page-flags.h; the upper ones from include/linux/kernel-page-flags.h
KPF = {name: 1 << bit for bit, name in enumerate(
    'LOCKED ERROR REFERENCED UPTODATE DIRTY LRU ACTIVE SLAB WRITEBACK RECLAIM BUDDY MMAP ANON SWAPCACHE SWAPBACKED '
    'HEAD TAIL HUGE UNEVICTABLE HWPOISON NOPAGE KSM THP OFFLINE ZERO IDLE PGTABLE'.split())}
KPF['RESERVED'], KPF['PRIVATE'] = 1 << 32, 1 << 35

FREE, CACHE, CACHE_PRIVATE, USER, OFFLINE = 'free', 'cache', 'cache-private', 'user', 'offline'
LISTED = 'free in a CPU list'
# Levels that ask for a class; the two at the end go at every level.
LEVELS = {FREE: 16, LISTED: 16, CACHE: 2 | 4, CACHE_PRIVATE: 4, USER: 8, OFFLINE: 31, 'hwpoison': 31}


def asked(kind, level):
    return kind in (OFFLINE, 'hwpoison') or bool(LEVELS.get(kind, 0) & level)


class Truth:
    """/proc/kpageflags of the guest, 8 bytes a frame."""

    def __init__(self, path):
        with open(path, 'rb') as f:
            blob = f.read()
        self.flags = struct.unpack('<%dQ' % (len(blob) // 8), blob[:len(blob) // 8 * 8])

    def kind(self, pfn):
        flags = self.flags[pfn] if pfn < len(self.flags) else KPF['NOPAGE']
        for name, kind in (('NOPAGE', 'no page'), ('HWPOISON', 'hwpoison'), ('BUDDY', FREE), ('OFFLINE', OFFLINE),
                           ('HUGE', USER), ('SLAB', 'slab'), ('PGTABLE', 'page table'), ('ANON', USER)):
            if flags & KPF[name]:
                return kind
        if flags & KPF['LRU'] or (flags & KPF['SWAPCACHE'] and flags & KPF['SWAPBACKED']):
            return CACHE_PRIVATE if flags & KPF['PRIVATE'] else CACHE
        return 'reserved' if flags & KPF['RESERVED'] else 'other kernel'


class Structs:
    """struct page of a dump, through the dump's own page tables and VMCOREINFO."""

    def __init__(self, dump):
        self.dump = dump
        v = dump.vmcoreinfo
        self.size = int(v['SIZE(page)'])
        self.offset = {k[len('OFFSET(page.'):-1]: int(v[k]) for k in v if k.startswith('OFFSET(page.')}
        self.bit = {k[len('NUMBER('):-1]: int(v[k]) for k in v if k.startswith('NUMBER(PG_')}
        self.type = {k[len('NUMBER(PAGE_'):-len('_MAPCOUNT_VALUE)')]: int(v[k]) & 0xffffffff
                     for k in v if k.endswith('_MAPCOUNT_VALUE)')}
        self.section_bits = int(v.get('NUMBER(SECTION_SIZE_BITS)', 27)) - 12
        self.bases = {}
        self.pages = {}
        self.rings = {}
        self.sections = sorted(self.section_of_ram())

    def base(self, section):
        """section_mem_map less its flags: with it, a struct's address is base + pfn * size."""
        if section not in self.bases:
            v, d = self.dump.vmcoreinfo, self.dump
            size = int(v['SIZE(mem_section)'])
            per_root = d.page_size // size
            root = d.symbol('mem_section') + section // per_root * 8
            root = struct.unpack('<Q', d.virt(root, 8))[0]
            at = root + section % per_root * size + int(v['OFFSET(mem_section.section_mem_map)'])
            self.bases[section] = struct.unpack('<Q', d.virt(at, 8))[0] & ~0x3f
        return self.bases[section]

    def address(self, pfn):
        return self.base(pfn >> self.section_bits) + pfn * self.size

    def section_of_ram(self):
        section, last = 0, self.dump.max_pfn >> self.section_bits
        while section <= last:
            if self.dump.ram >> (section << self.section_bits) & ((1 << (1 << self.section_bits)) - 1):
                yield section
            section += 1

    def frame_at(self, address):
        """The frame whose struct page lies there, None for an address that is no struct page."""
        for section in self.sections:
            pfn, rest = divmod(address - self.base(section), self.size)
            if pfn >> self.section_bits == section:
                return None if rest else pfn
        return None

    def unused(self, raw):
        """Nobody has a reference, no type, no file, on no LRU list: for the kernel such a frame is free."""
        return (self.word(raw, '_refcount', 4) == 0 and self.word(raw, '_mapcount', 4) == 0xffffffff and
                self.word(raw, 'mapping') == 0 and
                not any(self.flag(raw, name) for name in ('PG_lru', 'PG_slab', 'PG_hwpoison', 'PG_swapcache')))

    def ring(self, pfn):
        """Is the frame's list entry in a closed ring of unused frames with one list head that is none?"""
        if pfn in self.rings:
            return self.rings[pfn]
        members, heads, ok = [], 0, False
        start = at = self.address(pfn) + self.offset['lru']
        for _ in range(1 << 20):
            frame = self.frame_at(at - self.offset['lru'])
            if frame is None:
                heads += 1
                links = self.dump.virt(at, 16) if heads == 1 else b''
            else:
                raw = self.raw(frame)
                links = raw[self.offset['lru']:self.offset['lru'] + 16] if self.unused(raw) else b''
                members.append(frame)
            if not links:
                break
            following = struct.unpack('<Q', links[:8])[0]
            if following & 7 or following < 1 << 63:
                break
            back = struct.unpack('<Q', self.dump.virt(following + 8, 8))[0]
            if back != at:
                break
            if following == start:
                ok = heads == 1
                break
            at = following
        for frame in members if ok else [pfn]:
            self.rings[frame] = ok
        return ok

    def listed(self, pfn):
        """Free without being in the buddy allocator: in a list by itself or in a block that begins lower."""
        if not self.unused(self.raw(pfn)):
            return False
        for order in (0, 1, 2, 3, 9):
            head = pfn >> order << order
            try:
                if self.ring(head) and all(self.unused(self.raw(p)) for p in range(head, pfn)):
                    return True
            except Exception:
                continue
        return False

    def raw(self, pfn):
        """From a cache of whole pages of structs."""
        address, out = self.address(pfn), b''
        while len(out) < self.size:
            page, inside = address // 4096 * 4096, address % 4096
            if page not in self.pages:
                self.pages[page] = self.dump.virt(page, 4096)
            piece = self.pages[page][inside:inside + self.size - len(out)]
            out += piece
            address += len(piece)
        return out

    def word(self, raw, name, size=8):
        return int.from_bytes(raw[self.offset[name]:self.offset[name] + size], 'little')

    def is_type(self, raw, name):
        value = self.type.get(name)
        if value is None:
            return False
        count = self.word(raw, '_mapcount', 4)
        return count == value if value & 0xffffff else count >> 24 == value >> 24

    def flag(self, raw, name):
        return name in self.bit and self.word(raw, 'flags') >> self.bit[name] & 1

    def buddy_block(self, pfn):
        """Order of the free block that holds the frame, None when there is none."""
        for order in range(11):
            head = pfn >> order << order
            try:
                raw = self.raw(head)
            except Exception:
                continue
            if self.is_type(raw, 'BUDDY') and order <= self.word(raw, 'private') < 64:
                return self.word(raw, 'private')
        return None

    def head_of(self, pfn):
        word = self.word(self.raw(pfn), 'compound_head' if 'compound_head' in self.offset else 'compound_info')
        if not word & 1:
            return pfn
        address = word & ~1
        if not self.address(0) <= address <= self.address(pfn):  # 7.1: a mask
            address &= self.address(pfn)
        return (address - self.base(pfn >> self.section_bits)) // self.size

    def kind(self, pfn):
        if self.buddy_block(pfn) is not None:
            return FREE
        if self.listed(pfn):
            return LISTED
        head = self.head_of(pfn)
        raw = self.raw(head)
        if self.is_type(raw, 'SLAB') or self.flag(raw, 'PG_slab'):
            return 'slab'
        if self.is_type(raw, 'HUGETLB') or (head != pfn and self.is_old_hugetlb(head)) or self.is_old_hugetlb(pfn):
            return USER
        if self.is_type(raw, 'OFFLINE'):
            return OFFLINE
        if self.flag(raw, 'PG_hwpoison'):
            return 'hwpoison'
        if 1 << 31 <= self.word(raw, '_mapcount', 4) < 0xffffffff:
            return 'other type'
        if self.word(raw, 'mapping') & 1:
            return USER
        if self.flag(raw, 'PG_lru') or (self.flag(raw, 'PG_swapcache') and self.flag(raw, 'PG_swapbacked')):
            return CACHE_PRIVATE if self.flag(raw, 'PG_private') else CACHE
        return 'other kernel'

    def is_old_hugetlb(self, head):
        """Up to 6.5: a destructor number in the second struct."""
        want = self.dump.number('NUMBER(HUGETLB_PAGE_DTOR)')
        if want is None or 'compound_dtor' not in self.offset:
            return False
        if not self.word(self.raw(head), 'flags') & self.dump.number('NUMBER(PG_head_mask)', 0):
            return False
        return self.raw(head + 1)[self.offset['compound_dtor']] == want

    def safe_kind(self, pfn):
        try:
            return self.kind(pfn)
        except Exception as e:  # a struct that is not in the dump
            return 'unreadable (%s)' % e
