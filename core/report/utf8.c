/* SPDX-License-Identifier: MIT */
#include "core/report/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/banned.h"

size_t utf8_decode(const char *text, size_t n, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *t = (const unsigned char *)text;
	size_t length = t[0] < 0x80 ? 1 : t[0] < 0xc2 ? 0 : t[0] < 0xe0 ? 2 : t[0] < 0xf0 ? 3 : t[0] < 0xf5 ? 4 : 0;
	uint32_t value;

	if (length == 1) {
		*c = t[0];
		return 1;
	}
	*c = UTF8_REPLACEMENT;
	if (!length || length > n)
		return 1;
	value = t[0] & (0xffu >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((t[i] & 0xc0) != 0x80)
			return 1;
		value = value << 6 | (t[i] & 0x3fu);
	}
	if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		return 1;
	*c = value;
	return length;
}

void utf8_add(struct str *out, uint32_t c)
{
	unsigned char b[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n; i-- > 1; c >>= 6)
		b[i] = (unsigned char)(0x80 | (c & 0x3f));
	b[0] = (unsigned char)(lead[n] | c);
	str_add_bytes(out, b, n);
}

void utf8_clean(struct str *out, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n;) {
		uint32_t c;

		i += utf8_decode(bytes + i, n - i, &c);
		utf8_add(out, c);
	}
}

/* C0, DEL, C1, and the marks that turn the direction of text: none of them may reach a terminal. */
static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	       c == 0x2028 || c == 0x2029;
}

static void control_show(struct str *out, uint32_t c)
{
	static const char names[] = "\aa\bb\033e\ff\nn\rr\vv";

	for (size_t i = 0; i + 1 < sizeof(names); i += 2)
		if ((uint32_t)names[i] == c) {
			str_addf(out, "\\%c", names[i + 1]);
			return;
		}
	str_addf(out, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
}

/* What we draw and write ourselves has an ASCII spelling; the rest of the world has not. */
static void ascii_show(struct str *out, uint32_t c)
{
	static const struct {
		uint32_t c;
		const char *ascii;
	} spellings[] = { { 0x2192, "->" }, { 0x2026, "..." }, { 0xd7, "x" }, { 0x2717, "x" }, { 0x271d, "X" },
		{ 0x26a1, "*" }, { 0x2500, "-" }, { 0x2502, "|" }, { 0x251c, "|" }, { 0x2524, "|" }, { 0x25b6, ">" },
		{ 0x25c0, "<" }, { 0x22ee, ":" }, { 0xb7, "," }, { 0x2013, "-" }, { 0x2265, ">=" }, { 0x2264, "<=" } };

	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
		if (spellings[i].c == c) {
			str_add(out, spellings[i].ascii);
			return;
		}
	str_add(out, "?");
}

void utf8_show(struct str *out, const char *bytes, size_t n, bool utf8)
{
	for (size_t i = 0; i < n;) {
		uint32_t c;

		i += utf8_decode(bytes + i, n - i, &c);
		if (c == '\t')
			str_add(out, " ");
		else if (is_control(c))
			control_show(out, c);
		else if (c >= 0x80 && !utf8)
			ascii_show(out, c);
		else
			utf8_add(out, c);
	}
}

unsigned utf8_columns(uint32_t c)
{
	if (c == 0x200b || c == 0xfe0f || (c >= 0x300 && c <= 0x36f))
		return 0;
	if (c == 0x26a1 || (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
		(c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) ||
		(c >= 0xff00 && c <= 0xff60) || (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd))
		return 2;
	return 1;
}

size_t utf8_width(const char *text)
{
	size_t width = 0, n = strlen(text);

	for (size_t i = 0; i < n;) {
		uint32_t c;

		i += utf8_decode(text + i, n - i, &c);
		width += utf8_columns(c);
	}
	return width;
}

bool utf8_wanted(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}
