/// A small C interface to libtorch: opaque handles and plain numbers.
///
/// - A function that returns a handle returns NULL if libtorch refuses the operation. One that
///   returns a bool returns false then. `ct_last_error` says why.
/// - The caller owns each handle that is returned, and frees it with `ct_free`, or with the `_free`
///   function of its kind.
/// - No C++ exception leaves these functions.
/// - Dimensions count from 0, and negative ones from the end.
#ifndef CTORCH_H
#define CTORCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_tensor *ct_ref;
typedef struct ct_generator *ct_generator_ref;
typedef struct ct_counter *ct_counter_ref;
typedef struct ct_script *ct_script_ref;
typedef struct ct_operator *ct_operator_ref;
typedef struct ct_stack *ct_stack_ref;

/// The types of a tensor's elements.
enum ct_type { ct_u8, ct_i64, ct_f32, ct_f64, ct_bool, ct_i32 };

// ---- libtorch as a whole ------------------------------------------------------------------------
/// What libtorch said when it last refused an operation on this thread.
const char *_Nonnull ct_last_error(void);
/// The version of libtorch, such as "2.13.0".
const char *_Nonnull ct_version(void);
/// Tells malloc, for the whole process, to keep the memory that is freed. It may be called at any
/// time, and more than once. Large tensors are kept with or without it; see Memory.cpp.
void ct_keep_memory(void);
/// Limits how many bytes the large tensors of this thread may take in addition to those that it has
/// now. An operation that needs more is refused. A negative number removes the limit.
void ct_limit_memory(int64_t bytes);
/// How many threads one operation may use.
void ct_set_threads(int threads);
int ct_threads(void);
/// How many processors this process may use, as its affinity mask says; 0 if the system does not
/// say.
int ct_processors(void);
bool ct_cuda_available(void);
/// Sets whether operations on this thread are recorded for gradients from now on. Returns the
/// previous setting.
bool ct_set_gradients(bool enabled);

// Makes products of matrices and convolutions on CUDA use all bits of float32.
void ct_use_whole_floats(void);

// ---- creation, reading, conversion; device: -1 the processor, else the number of a CUDA device --
/// A copy of elements that lie in row-major order.
ct_ref _Nullable ct_from(const void *_Nullable data, const int64_t *_Nullable shape, int rank,
                         int type);
/// A tensor with undefined elements, to be written in row-major order where `ct_data` points to.
ct_ref _Nullable ct_empty(const int64_t *_Nullable shape, int rank, int type);
void *_Nullable ct_data(ct_ref _Nonnull tensor);
ct_ref _Nullable ct_full(double value, const int64_t *_Nullable shape, int rank, int type,
                         int device);
/// 0, 1, …, end - 1 as int64.
ct_ref _Nullable ct_arange(int64_t end, int device);
void ct_free(ct_ref _Nullable tensor);
int ct_rank(ct_ref _Nonnull tensor);
int64_t ct_size(ct_ref _Nonnull tensor, int dimension);
int64_t ct_stride(ct_ref _Nonnull tensor, int dimension);
/// A `ct_type`, or -1 for any other type.
int ct_dtype(ct_ref _Nonnull tensor);
int ct_device(ct_ref _Nonnull tensor);
/// Copies the elements in row-major order to `out`; `bytes` must be exactly their size.
bool ct_read(ct_ref _Nonnull tensor, void *_Nonnull out, size_t bytes);
ct_ref _Nullable ct_to_type(ct_ref _Nonnull tensor, int type);
ct_ref _Nullable ct_to_device(ct_ref _Nonnull tensor, int device);
/// The same values in row-major order in memory, or (images only) with channels last.
ct_ref _Nullable ct_contiguous(ct_ref _Nonnull tensor, bool channels_last);
/// A copy without the history that gradients follow.
ct_ref _Nullable ct_clone(ct_ref _Nonnull tensor);
/// Overwrites the tensor's elements in place.
bool ct_assign(ct_ref _Nonnull tensor, ct_ref _Nonnull values);

// ---- random numbers, each generator a stream of its own -----------------------------------------
ct_generator_ref _Nullable ct_generator_new(uint64_t seed);
void ct_generator_free(ct_generator_ref _Nullable generator);
/// float32, uniform in [low, high).
ct_ref _Nullable ct_uniform(ct_generator_ref _Nonnull generator, double low, double high,
                            const int64_t *_Nullable shape, int rank);
/// float32, normal with mean 0 and variance 1.
ct_ref _Nullable ct_normal(ct_generator_ref _Nonnull generator, const int64_t *_Nullable shape,
                           int rank);
/// int64, uniform in 0, …, below - 1.
ct_ref _Nullable ct_integers(ct_generator_ref _Nonnull generator, int64_t below,
                             const int64_t *_Nullable shape, int rank);
/// 0, …, count - 1 in random order, int64.
ct_ref _Nullable ct_permutation(ct_generator_ref _Nonnull generator, int64_t count);

// ---- shape and indexing -------------------------------------------------------------------------
ct_ref _Nullable ct_reshape(ct_ref _Nonnull tensor, const int64_t *_Nullable shape, int rank);
ct_ref _Nullable ct_expand(ct_ref _Nonnull tensor, const int64_t *_Nullable shape, int rank);
ct_ref _Nullable ct_permute(ct_ref _Nonnull tensor, const int64_t *_Nonnull order, int rank);
ct_ref _Nullable ct_flip(ct_ref _Nonnull tensor, const int64_t *_Nonnull dimensions, int count);
/// Moves each element by `shifts` places along some dimensions; what leaves at one end enters at the
/// other.
ct_ref _Nullable ct_roll(ct_ref _Nonnull tensor, const int64_t *_Nonnull shifts,
                         const int64_t *_Nonnull dimensions, int count);
ct_ref _Nullable ct_narrow(ct_ref _Nonnull tensor, int dimension, int64_t start, int64_t length);
ct_ref _Nullable ct_select(ct_ref _Nonnull tensor, int dimension, int64_t index);
ct_ref _Nullable ct_index_select(ct_ref _Nonnull tensor, int dimension, ct_ref _Nonnull indices);
ct_ref _Nullable ct_gather(ct_ref _Nonnull tensor, int dimension, ct_ref _Nonnull indices);
ct_ref _Nullable ct_scatter(ct_ref _Nonnull tensor, int dimension, ct_ref _Nonnull indices,
                            ct_ref _Nonnull values);
/// The indices of all elements that are not zero: int64 [count, rank].
ct_ref _Nullable ct_nonzero(ct_ref _Nonnull tensor);
ct_ref _Nullable ct_cat(const ct_ref _Nonnull *_Nonnull tensors, int count, int dimension);
ct_ref _Nullable ct_stack(const ct_ref _Nonnull *_Nonnull tensors, int count, int dimension);
ct_ref _Nullable ct_where(ct_ref _Nonnull condition, ct_ref _Nonnull a, ct_ref _Nonnull b);
/// labels int64 [N] → float32 [N, classes].
ct_ref _Nullable ct_one_hot(ct_ref _Nonnull labels, int64_t classes);

// ---- arithmetic, element by element; `op` is one of the constants -------------------------------
// clang-format off
enum ct_unary_op {
  ct_neg, ct_abs, ct_sign, ct_sqrt, ct_square, ct_exp, ct_log, ct_relu, ct_sigmoid, ct_tanh,
  ct_gelu, ct_elu, ct_silu, ct_softplus, ct_floor, ct_round, ct_isfinite, ct_logical_not,
  ct_gelu_tanh, ct_relu6, ct_hardswish, ct_hardsigmoid
};
enum ct_binary_op {
  ct_add, ct_sub, ct_mul, ct_div, ct_pow, ct_maximum, ct_minimum, ct_eq, ct_ne, ct_lt, ct_le,
  ct_gt, ct_ge, ct_and, ct_or
};
// clang-format on
ct_ref _Nullable ct_unary(int op, ct_ref _Nonnull tensor);
ct_ref _Nullable ct_binary(int op, ct_ref _Nonnull a, ct_ref _Nonnull b);
ct_ref _Nullable ct_binary_scalar(int op, ct_ref _Nonnull a, double b);
ct_ref _Nullable ct_leaky_relu(ct_ref _Nonnull tensor, double slope);
ct_ref _Nullable ct_clamp(ct_ref _Nonnull tensor, double low, double high);
/// The matrix product of the last two dimensions.
ct_ref _Nullable ct_matmul(ct_ref _Nonnull a, ct_ref _Nonnull b);

// ---- reductions; over all dimensions if `count` is 0 --------------------------------------------
enum ct_reduction { ct_sum, ct_mean, ct_amax, ct_amin, ct_all, ct_any };
ct_ref _Nullable ct_reduce(int op, ct_ref _Nonnull tensor, const int64_t *_Nullable dimensions,
                           int count, bool keep);
ct_ref _Nullable ct_argmax(ct_ref _Nonnull tensor, int dimension, bool keep);
ct_ref _Nullable ct_argmin(ct_ref _Nonnull tensor, int dimension, bool keep);
ct_ref _Nullable ct_cumsum(ct_ref _Nonnull tensor, int dimension);
bool ct_topk(ct_ref _Nonnull tensor, int64_t k, int dimension, ct_ref _Nullable *_Nonnull values,
             ct_ref _Nullable *_Nonnull indices);

// ---- operations of networks: images [N, C, H, W], vectors [N, D] --------------------------------
/// A sliding window: each field as (height, width).
struct ct_window {
  int64_t kernel[2], stride[2], padding[2], dilation[2];
};
/// weight [O, C / groups, kernel height, kernel width], bias [O].
ct_ref _Nullable ct_conv2d(ct_ref _Nonnull input, ct_ref _Nonnull weight, ct_ref _Nullable bias,
                           struct ct_window window, int64_t groups);
/// weight [O, I], bias [O].
ct_ref _Nullable ct_linear(ct_ref _Nonnull input, ct_ref _Nonnull weight, ct_ref _Nullable bias);
ct_ref _Nullable ct_max_pool2d(ct_ref _Nonnull input, struct ct_window window);
/// The maximum poolings of center − radius and of center + radius.
bool ct_max_pool2d_of_intervals(ct_ref _Nonnull center, ct_ref _Nonnull radius,
                                struct ct_window window, ct_ref _Nullable *_Nonnull lower,
                                ct_ref _Nullable *_Nonnull upper);
/// Averages include the zeros of the padding. The window's dilation is not used.
ct_ref _Nullable ct_avg_pool2d(ct_ref _Nonnull input, struct ct_window window);
/// Averages over windows that divide the input into `height` x `width` parts as equal as possible.
ct_ref _Nullable ct_adaptive_avg_pool2d(ct_ref _Nonnull input, int64_t height, int64_t width);
/// Bilinear interpolation between pixel centres.
ct_ref _Nullable ct_resize(ct_ref _Nonnull input, int64_t height, int64_t width);
ct_ref _Nullable ct_pad(ct_ref _Nonnull input, int64_t left, int64_t right, int64_t top,
                        int64_t bottom, double value);
/// [N, C, 1, 1].
ct_ref _Nullable ct_global_avg_pool2d(ct_ref _Nonnull input);
/// In training, normalises by the statistics of the batch, and updates the running statistics in
/// place if they are given. Otherwise, normalises by the running statistics.
ct_ref _Nullable ct_batch_norm(ct_ref _Nonnull input, ct_ref _Nullable weight,
                               ct_ref _Nullable bias, ct_ref _Nullable running_mean,
                               ct_ref _Nullable running_variance, bool training, double momentum,
                               double epsilon);
/// The mean and the biased variance of each channel of [N, C, …]: [2, C].
ct_ref _Nullable ct_channel_moments(ct_ref _Nonnull input);
/// (x − mean) / √(variance + ε) · weight + bias, with mean and variance over the last dimension.
ct_ref _Nullable ct_layer_norm(ct_ref _Nonnull input, ct_ref _Nonnull weight, ct_ref _Nonnull bias,
                               double epsilon);
/// Attention softmax(q·kᵀ/√d + bias)·v of H heads: qkv [N, T, 3·H·d] → [N, T, H·d]. bias
/// [B, H, T, T], where B divides N, is repeated N / B times.
ct_ref _Nullable ct_attention(ct_ref _Nonnull qkv, int64_t heads, ct_ref _Nullable bias);
ct_ref _Nullable ct_softmax(ct_ref _Nonnull logits, int dimension);
ct_ref _Nullable ct_log_softmax(ct_ref _Nonnull logits, int dimension);

// ---- TorchScript --------------------------------------------------------------------------------
/// Reads a program and puts it into evaluation mode. `notes` names a text file inside the archive,
/// which `ct_script_notes` returns.
ct_script_ref _Nullable ct_script_load(const char *_Nonnull path, const char *_Nonnull notes,
                                       int device);
void ct_script_free(ct_script_ref _Nullable script);
/// The text of the notes; empty if the archive has none.
const char *_Nonnull ct_script_notes(ct_script_ref _Nonnull script);
/// The number of elements of all parameters together.
int64_t ct_script_weights(ct_script_ref _Nonnull script);
/// Runs the program. If it gives a tuple, a list or a dictionary, `output` chooses a tensor of it by
/// its name or place; without it, the program must give one tensor.
ct_ref _Nullable ct_script_run(ct_script_ref _Nonnull script, ct_ref _Nonnull images,
                               const char *_Nullable output);

// ---- any operator of libtorch by its name ------------------------------------------------------
/// The operator of a name such as "aten::mean" and an overload such as "dim"; empty for the default.
/// It lives as long as the process.
ct_operator_ref _Nullable ct_operator_find(const char *_Nonnull name,
                                           const char *_Nonnull overload);
/// The number of its arguments, and the name of each.
int ct_operator_arguments(ct_operator_ref _Nonnull op);
const char *_Nonnull ct_operator_argument(ct_operator_ref _Nonnull op, int place);
/// Whether it may write into the tensor that is given for an argument.
bool ct_operator_writes(ct_operator_ref _Nonnull op, int place);
/// Whether its results may share memory with its arguments.
bool ct_operator_shares(ct_operator_ref _Nonnull op);

/// Arguments before a call and results after it, in order. A function that adds an argument copies
/// what it is given.
ct_stack_ref _Nullable ct_stack_new(void);
void ct_stack_free(ct_stack_ref _Nullable stack);
/// Adds nothing, the value None.
void ct_stack_add_none(ct_stack_ref _Nonnull stack);
/// Adds the default value that the operator states for this argument.
bool ct_stack_add_default(ct_stack_ref _Nonnull stack, ct_operator_ref _Nonnull op);
void ct_stack_add_tensor(ct_stack_ref _Nonnull stack, ct_ref _Nonnull tensor);
void ct_stack_add_int(ct_stack_ref _Nonnull stack, int64_t value);
void ct_stack_add_double(ct_stack_ref _Nonnull stack, double value);
void ct_stack_add_bool(ct_stack_ref _Nonnull stack, bool value);
void ct_stack_add_text(ct_stack_ref _Nonnull stack, const char *_Nonnull value);
void ct_stack_add_device(ct_stack_ref _Nonnull stack, int device);
void ct_stack_add_ints(ct_stack_ref _Nonnull stack, const int64_t *_Nullable values, int count);
void ct_stack_add_doubles(ct_stack_ref _Nonnull stack, const double *_Nullable values, int count);
void ct_stack_add_bools(ct_stack_ref _Nonnull stack, const bool *_Nullable values, int count);
/// Adds a list of tensors, in which NULL stands for None.
void ct_stack_add_tensors(ct_stack_ref _Nonnull stack,
                          const ct_ref _Nullable *_Nonnull tensors, int count);
/// Calls an operator with the arguments, which the results replace. It checks every type first, and
/// converts a number where the operator takes a tensor, a float or a device.
bool ct_operator_call(ct_operator_ref _Nonnull op, ct_stack_ref _Nonnull stack);

enum ct_kind { ct_kind_none, ct_kind_tensor, ct_kind_tensors, ct_kind_int, ct_kind_double,
               ct_kind_bool, ct_kind_other };
int ct_stack_count(ct_stack_ref _Nonnull stack);
/// The kind of a result. A list of tensors has `ct_stack_length` elements.
int ct_stack_kind(ct_stack_ref _Nonnull stack, int place);
int ct_stack_length(ct_stack_ref _Nonnull stack, int place);
/// A tensor, or an element of a list of tensors.
ct_ref _Nullable ct_stack_tensor(ct_stack_ref _Nonnull stack, int place, int element);
/// A number or a truth value as a number.
int64_t ct_stack_int(ct_stack_ref _Nonnull stack, int place);
double ct_stack_double(ct_stack_ref _Nonnull stack, int place);

// ---- gradients ----------------------------------------------------------------------------------
bool ct_requires_gradient(ct_ref _Nonnull tensor);
/// The same values as a new variable, with respect to which gradients can be taken.
ct_ref _Nullable ct_tracked(ct_ref _Nonnull tensor);
/// The same values without the history that gradients follow.
ct_ref _Nullable ct_detach(ct_ref _Nonnull tensor);
/// The gradients of a scalar in `count` inputs. An input that the output does not depend on gets
/// zeros. With `differentiable`, the gradients can be differentiated again. With `retain_graph`,
/// the output can be differentiated once more.
bool ct_gradient(ct_ref _Nonnull output, const ct_ref _Nonnull *_Nonnull inputs, int count,
                 bool differentiable, bool retain_graph, ct_ref _Nullable *_Nonnull out);

/// Counts rows of gradients. After `ct_count_gradients`, the counter grows by the size of the
/// tensor's first dimension each time a gradient flows back through the tensor. The tensor must
/// require gradients.
ct_counter_ref _Nullable ct_counter_new(void);
void ct_counter_free(ct_counter_ref _Nullable counter);
int64_t ct_counter_value(ct_counter_ref _Nonnull counter);
bool ct_count_gradients(ct_ref _Nonnull tensor, ct_counter_ref _Nonnull counter);

// ---- optimizers: one step over all parameters, in place -----------------------------------------
struct ct_adam {
  double rate, beta1, beta2, epsilon, weight_decay;
  /// Whether weight decay is decoupled from the gradient (AdamW).
  bool decoupled;
};
/// - first, second: the running means of the gradients and of their squares; updated in place.
/// - step: the number of this step, from 1.
bool ct_adam_step(const ct_ref _Nonnull *_Nonnull parameters,
                  const ct_ref _Nonnull *_Nonnull gradients, const ct_ref _Nonnull *_Nonnull first,
                  const ct_ref _Nonnull *_Nonnull second, int count, int64_t step,
                  struct ct_adam settings);
/// - momenta: the momentum buffers, updated in place; not used if the momentum is 0.
/// - first: whether this is the first step, which sets the buffers to the gradients.
bool ct_sgd_step(const ct_ref _Nonnull *_Nonnull parameters,
                 const ct_ref _Nonnull *_Nonnull gradients, const ct_ref _Nonnull *_Nonnull momenta,
                 int count, double rate, double momentum, double weight_decay, bool nesterov,
                 bool first);

#ifdef __cplusplus
}
#endif
#endif
