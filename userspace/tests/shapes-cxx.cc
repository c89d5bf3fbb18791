// SPDX-License-Identifier: GPL-2.0
/*
 * usage: shapes-cxx NAME
 *
 * The same as shapes.c for C++: methods, templates, exceptions, lambdas.
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace shapes {

static void *kept[4096];
static unsigned int n_kept;

__attribute__((noinline)) void grow_heap()
{
	void *before = sbrk(0);

	do
		kept[n_kept++ % 4096] = ::operator new(100u << 10);
	while (sbrk(0) == before);
	__asm__ volatile("" ::: "memory");
}

class holder {
public:
	__attribute__((noinline)) void fill(int n) const;
	template <typename T> __attribute__((noinline)) void each(T t);
	__attribute__((noinline)) void operator()(int n);
};

void holder::fill(int n) const
{
	(void)n;
	grow_heap();
	__asm__ volatile("" ::: "memory");
}

template <typename T> void holder::each(T t)
{
	fill((int)t);
	__asm__ volatile("" ::: "memory");
}

void holder::operator()(int n)
{
	each<long>(n);
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) void throws()
{
	throw std::runtime_error("x");
}

__attribute__((noinline)) void catches()
{
	try {
		throws();
	} catch (const std::runtime_error &) {
		grow_heap();
	}
	__asm__ volatile("" ::: "memory");
}

/* Grows node by node, in the ordinary way and where exceptions are handled. */
void fills_map()
{
	std::map<std::string, std::vector<int>> m;
	int i;

	for (i = 0; i < 20000; i++) {
		try {
			if (i % 2)
				throw std::runtime_error("odd");
			m[std::to_string(i)].push_back(i);
		} catch (const std::runtime_error &e) {
			m[e.what() + std::to_string(i)].resize(9);
		}
	}
}

}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	shapes::holder h;
	char byte;

	if (!strcmp(name, "method"))
		h(3);
	else if (!strcmp(name, "exception"))
		shapes::catches();
	else if (!strcmp(name, "map"))
		shapes::fills_map();
	else
		return 64;
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
