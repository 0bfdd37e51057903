/* SPDX-License-Identifier: MIT */
#include "core/report/canvas.h"

#include <string.h>

#include "core/report/utf8.h"
#include "core/base/banned.h"

static void cell_set(struct canvas *c, size_t x, const char *text, size_t n)
{
	/* Half of a wide character is no character. */
	if (!c->cells[x][0] && x)
		memcpy(c->cells[x - 1], " ", 2);
	memcpy(c->cells[x], text, n);
	c->cells[x][n] = '\0';
	if (x + 1 < CANVAS_WIDTH && !c->cells[x + 1][0])
		memcpy(c->cells[x + 1], " ", 2);
}

void canvas_clear(struct canvas *c)
{
	for (size_t i = 0; i < CANVAS_WIDTH; i++)
		memcpy(c->cells[i], " ", 2);
}

void canvas_put(struct canvas *c, size_t x, size_t end, const char *text, bool utf8)
{
	size_t n = strlen(text), i = 0;
	bool cut;

	if (end > CANVAS_WIDTH)
		end = CANVAS_WIDTH;
	cut = x + utf8_width(text) > end;
	while (i < n && x < end) {
		uint32_t ch;
		size_t used = utf8_decode(text + i, n - i, &ch);
		unsigned width = utf8_columns(ch);

		if (cut && x + width >= end) {
			cell_set(c, x, utf8 ? "…" : "~", utf8 ? strlen("…") : 1);
			return;
		}
		if (!width || ch == UTF8_REPLACEMENT) {
			i += used;
			if (ch == UTF8_REPLACEMENT)
				cell_set(c, x++, "?", 1);
			continue;
		}
		cell_set(c, x, text + i, used);
		if (width == 2)
			c->cells[x + 1][0] = '\0';
		x += width;
		i += used;
	}
}

void canvas_add(const struct canvas *c, struct str *out)
{
	size_t n = CANVAS_WIDTH;

	while (n && !strcmp(c->cells[n - 1], " "))
		n--;
	for (size_t i = 0; i < n; i++)
		str_add(out, c->cells[i]);
	str_add(out, "\n");
}
