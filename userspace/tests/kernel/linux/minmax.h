/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel's header has, as far as the module's pure files need it. */
#ifndef TESTS_KERNEL_MINMAX_H
#define TESTS_KERNEL_MINMAX_H

#define min(a, b) ({ typeof(a) a_ = (a); typeof(b) b_ = (b); \
		     a_ < b_ ? a_ : b_; })
#define max(a, b) ({ typeof(a) a_ = (a); typeof(b) b_ = (b); \
		     a_ > b_ ? a_ : b_; })
#define min_t(type, a, b) min((type)(a), (type)(b))
#define clamp(x, low, high) min(max(x, low), high)
#define max_t(type, a, b) max((type)(a), (type)(b))
#define min3(a, b, c) ({ typeof(a) ab_ = min(a, b); min(ab_, c); })
#define max3(a, b, c) ({ typeof(a) ab_ = max(a, b); max(ab_, c); })

#endif
