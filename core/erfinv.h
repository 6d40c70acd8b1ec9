// The inverse error function.
#ifndef EMB_CORE_ERFINV_H_
#define EMB_CORE_ERFINV_H_

namespace emb {

// x with erf(x) = y; +-infinity for y = +-1, NaN beyond.
//
// Source   at::native calc_erfinv (torch.erfinv on CPU): a rational start and
//          two steps of Newton's method, every Horner step fused. Same bytes,
//          given the same C library (its erf, exp and log).
// Cost     about 30 ns (core_bench).
float Erfinv(float y);
double Erfinv(double y);

}  // namespace emb

#endif  // EMB_CORE_ERFINV_H_
