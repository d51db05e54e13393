// OpenVINO through its C API, opened at run time: no header, no link-time dependency.
//
// The structs and prototypes below are those of release 2026.4.1, checked against its headers.
#include "network.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string>

using vision::Failure;
using vision::guarded;
using vision::require;

namespace {

using ov_status = int32_t;  // 0 ok, negative failures
struct ov_core;
struct ov_model;
struct ov_compiled;
struct ov_request;
struct ov_tensor;
struct ov_port;
struct ov_dimension {
    int64_t low, high;
};
/// Passed by value; the dimensions stay the caller's when the caller made them.
struct ov_shape {
    int64_t rank;
    int64_t *dims;
};
struct ov_partial_shape {
    ov_dimension rank;
    ov_dimension *dims;
};
struct ov_version {
    const char *build_number, *description;
};
/// ov_element_type_e is numbered in header order; checked against what the model's port reports.
constexpr uint32_t float32 = 4;

// One row per function: result, name, arguments. Expanded twice: as pointers and as look-ups.
#define OV_FUNCTIONS(F)                                                                                        \
    F(ov_status, ov_get_openvino_version, (ov_version *))                                                      \
    F(void, ov_version_free, (ov_version *))                                                                   \
    F(const char *, ov_get_error_info, (ov_status))                                                            \
    F(const char *, ov_get_last_err_msg, (void))                                                               \
    F(void, ov_free, (const char *))                                                                           \
    F(ov_status, ov_core_create, (ov_core **))                                                                 \
    F(ov_status, ov_core_read_model, (const ov_core *, const char *, const char *, ov_model **))               \
    F(void, ov_model_free, (ov_model *))                                                                       \
    F(ov_status, ov_model_reshape_single_input, (const ov_model *, ov_partial_shape))                          \
    F(ov_status, ov_core_compile_model,                                                                        \
      (const ov_core *, const ov_model *, const char *, size_t, ov_compiled **, ...))                          \
    F(void, ov_compiled_model_free, (ov_compiled *))                                                           \
    F(ov_status, ov_compiled_model_get_property, (const ov_compiled *, const char *, char **))                 \
    F(ov_status, ov_compiled_model_input, (const ov_compiled *, ov_port **))                                   \
    F(ov_status, ov_compiled_model_outputs_size, (const ov_compiled *, size_t *))                              \
    F(void, ov_output_const_port_free, (ov_port *))                                                            \
    F(ov_status, ov_port_get_element_type, (const ov_port *, uint32_t *))                                      \
    F(ov_status, ov_shape_free, (ov_shape *))                                                                  \
    F(ov_status, ov_compiled_model_create_infer_request, (const ov_compiled *, ov_request **))                 \
    F(void, ov_infer_request_free, (ov_request *))                                                             \
    F(ov_status, ov_tensor_create_from_host_ptr, (uint32_t, ov_shape, void *, ov_tensor **))                   \
    F(ov_status, ov_tensor_get_element_type, (const ov_tensor *, uint32_t *))                                  \
    F(ov_status, ov_tensor_get_shape, (const ov_tensor *, ov_shape *))                                         \
    F(ov_status, ov_tensor_data, (const ov_tensor *, void **))                                                 \
    F(void, ov_tensor_free, (ov_tensor *))                                                                     \
    F(ov_status, ov_infer_request_set_input_tensor, (ov_request *, const ov_tensor *))                         \
    F(ov_status, ov_infer_request_infer, (ov_request *))                                                       \
    F(ov_status, ov_infer_request_get_output_tensor_by_index, (const ov_request *, size_t, ov_tensor **))      \
    F(ov_status, ov_infer_request_get_tensor, (const ov_request *, const char *, ov_tensor **))

/// The library's functions and its one core, made once in a process for each path and never freed.
struct Library {
#define OV_POINTER(result, name, arguments) result(*name) arguments = nullptr;
    OV_FUNCTIONS(OV_POINTER)
#undef OV_POINTER
    ov_core *core = nullptr;
    std::string version;

    void check(ov_status status, VisionStatus as, const char *what) const {
        if (status == 0) return;
        const char *last = ov_get_last_err_msg();
        std::string why = std::string(what) + ": " + ov_get_error_info(status);
        if (last && *last) why += std::string(": ") + last;
        throw Failure(as, why);
    }
};

std::shared_ptr<const Library> opened(const char *path) {
    static std::mutex lock;
    static auto &known = *new std::map<std::string, std::shared_ptr<const Library>>;
    std::lock_guard<std::mutex> guard(lock);
    if (auto found = known.find(path); found != known.end()) return found->second;
    // RTLD_LOCAL keeps its symbols out of the program; NODELETE because its threads may outlive a close.
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!handle) throw Failure(VisionStatusUnreadable, std::string("OpenVINO does not open: ") + dlerror());
    auto library = std::make_shared<Library>();
    // Every function is looked up before one is called, so that a release which lacks one is refused whole.
#define OV_LOOK_UP(result, name, arguments)                                                                \
    library->name = reinterpret_cast<result(*) arguments>(dlsym(handle, #name));                           \
    if (!library->name) throw Failure(VisionStatusUnreadable, "the OpenVINO library lacks " #name);
    OV_FUNCTIONS(OV_LOOK_UP)
#undef OV_LOOK_UP
    ov_version version{};
    library->check(library->ov_get_openvino_version(&version), VisionStatusInternal, "version");
    library->version = version.build_number ? version.build_number : "unknown";
    library->ov_version_free(&version);
    library->check(library->ov_core_create(&library->core), VisionStatusInternal, "create core");
    known[path] = library;
    return library;
}

/// Frees what it holds with one of the library's functions.
template <class T> using Handle = std::unique_ptr<T, void (*)(T *)>;

struct OpenVINONetwork final : vision_network {
    std::shared_ptr<const Library> ov;
    // In the order of creation: destroyed the other way round.
    Handle<ov_compiled> compiled{nullptr, nullptr};
    Handle<ov_request> request{nullptr, nullptr};
    Handle<ov_tensor> tensor{nullptr, nullptr};
    std::vector<std::string> names;
    size_t count = 0;

    OpenVINONetwork(std::shared_ptr<const Library> library, int c, int w, int h)
        : vision_network(c, w, h), ov(std::move(library)) {}

    void run() override {
        ov->check(ov->ov_infer_request_infer(request.get()), VisionStatusInternal, "inference");
        collect();
    }

    void collect() {
        outputs.clear();
        for (size_t i = 0; i < count; i++) {
            ov_tensor *raw = nullptr;
            ov->check(names.empty() ? ov->ov_infer_request_get_output_tensor_by_index(request.get(), i, &raw)
                                    : ov->ov_infer_request_get_tensor(request.get(), names[i].c_str(), &raw),
                      VisionStatusBadModel, names.empty() ? "output" : names[i].c_str());
            Handle<ov_tensor> output(raw, ov->ov_tensor_free);
            uint32_t type = 0;
            ov->check(ov->ov_tensor_get_element_type(raw, &type), VisionStatusBadModel, "output type");
            require(type == float32, VisionStatusBadModel, "an output is not float32");
            ov_shape shape{};
            ov->check(ov->ov_tensor_get_shape(raw, &shape), VisionStatusBadModel, "output shape");
            vision_tensor made{nullptr, 1, int32_t(shape.rank), {}};
            const bool fits = shape.rank <= 6;
            for (int64_t d = 0; fits && d < shape.rank; d++) {
                made.dimensions[d] = int32_t(shape.dims[d]);
                made.count *= size_t(shape.dims[d]);
            }
            ov->ov_shape_free(&shape);
            require(fits, VisionStatusBadModel, "an output has more than six dimensions");
            void *data = nullptr;
            ov->check(ov->ov_tensor_data(raw, &data), VisionStatusBadModel, "output data");
            made.values = static_cast<const float *>(data);
            outputs.push_back(made);
        }
    }
};

}  // namespace

VisionStatus vision_openvino_version(const char *library, char *version, size_t capacity,
                                     vision_error *error) noexcept {
    if (capacity > 0) version[0] = 0;
    return guarded(error, [&] {
        const auto ov = opened(library);
        std::strncpy(version, ov->version.c_str(), capacity - 1);
        version[capacity - 1] = 0;
    });
}

VisionStatus vision_network_open_openvino(const char *library, const char *model, int32_t channels, int32_t width,
                                          int32_t height, int32_t threads, const char *const *outputs,
                                          int32_t outputCount, vision_network **network,
                                          vision_error *error) noexcept {
    return guarded(error, [&] {
        vision::requireInput(channels, width, height);
        require(threads >= 1 && threads <= 256, VisionStatusBadArgument, "1 to 256 threads");
        const auto ov = opened(library);
        auto made = std::make_unique<OpenVINONetwork>(ov, channels, width, height);

        ov_model *rawModel = nullptr;
        ov->check(ov->ov_core_read_model(ov->core, model, nullptr, &rawModel), VisionStatusBadModel, "read");
        Handle<ov_model> loaded(rawModel, ov->ov_model_free);
        ov_dimension sides[4] = {{1, 1}, {channels, channels}, {height, height}, {width, width}};
        ov->check(ov->ov_model_reshape_single_input(rawModel, {{4, 4}, sides}), VisionStatusBadModel,
                  "set the input size");

        const std::string count = std::to_string(threads);
        ov_compiled *rawCompiled = nullptr;
        // The number counts arguments, two to a pair. Without the precision hint a processor with AVX512-BF16
        // computes in bfloat16: faster, but with other results than the next machine.
        ov->check(ov->ov_core_compile_model(ov->core, rawModel, "CPU", 8, &rawCompiled, "INFERENCE_NUM_THREADS",
                                            count.c_str(), "NUM_STREAMS", "1", "PERFORMANCE_HINT", "LATENCY",
                                            "INFERENCE_PRECISION_HINT", "f32"),
                  VisionStatusBadModel, "compile");
        made->compiled = Handle<ov_compiled>(rawCompiled, ov->ov_compiled_model_free);
        // Read back, because a setting that is ignored is silent.
        char *used = nullptr;
        ov->check(ov->ov_compiled_model_get_property(rawCompiled, "INFERENCE_PRECISION_HINT", &used),
                  VisionStatusBadModel, "precision");
        const std::string precision = used ? used : "";
        ov->ov_free(used);
        require(precision == "f32", VisionStatusBadModel, "OpenVINO refused 32-bit precision");

        ov_port *rawPort = nullptr;
        ov->check(ov->ov_compiled_model_input(rawCompiled, &rawPort), VisionStatusBadModel, "the one input");
        Handle<ov_port> port(rawPort, ov->ov_output_const_port_free);
        uint32_t type = 0;
        ov->check(ov->ov_port_get_element_type(rawPort, &type), VisionStatusBadModel, "input type");
        require(type == float32, VisionStatusBadModel, "the input is not float32");

        ov_request *rawRequest = nullptr;
        ov->check(ov->ov_compiled_model_create_infer_request(rawCompiled, &rawRequest), VisionStatusBadModel,
                  "create a request");
        made->request = Handle<ov_request>(rawRequest, ov->ov_infer_request_free);
        int64_t dims[4] = {1, channels, height, width};
        ov_tensor *rawTensor = nullptr;
        ov->check(ov->ov_tensor_create_from_host_ptr(float32, {4, dims}, made->input.data(), &rawTensor),
                  VisionStatusBadModel, "wrap the input");
        made->tensor = Handle<ov_tensor>(rawTensor, ov->ov_tensor_free);
        ov->check(ov->ov_infer_request_set_input_tensor(rawRequest, rawTensor), VisionStatusBadModel,
                  "set the input");

        for (int32_t i = 0; i < outputCount; i++) made->names.emplace_back(outputs[i]);
        made->count = size_t(outputCount);
        if (outputCount == 0)
            ov->check(ov->ov_compiled_model_outputs_size(rawCompiled, &made->count), VisionStatusBadModel, "outputs");
        // What does not run at this size, or lacks an output, must fail here and not at the first frame.
        made->run();
        *network = made.release();
    });
}
