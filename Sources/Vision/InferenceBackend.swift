public import Foundation

/// Which library runs the networks, and why that one.
public struct InferenceBackend: Hashable, Sendable, CustomStringConvertible {
    public enum Preference: String, Hashable, Sendable, CaseIterable {
        /// OpenVINO where it is installed, else OpenCV.
        case auto
        case openvino
        case opencv
    }

    public enum Kind: Hashable, Sendable {
        /// The path of its C library.
        case openVINO(library: String)
        case openCV
    }

    public let kind: Kind
    public let version: String
    /// For people: logged once at start, shown by `gantry doctor`.
    public let reason: String

    public var description: String {
        switch kind {
        case .openVINO: "OpenVINO \(version) (\(reason))"
        case .openCV: "OpenCV \(version) (\(reason))"
        }
    }

    /// The name under which the manifest lists it.
    public var runtime: ModelManifest.Runtime {
        switch kind {
        case .openVINO: .openvino
        case .openCV: .opencv
        }
    }

    /// Looks for OpenVINO in `<home>/lib/openvino` and opens it.
    ///
    /// - Parameter home: The folder `.gantry`; nil where there is none.
    /// - Throws: ``ModelStoreError/noOpenVINO(_:)`` only when OpenVINO is asked for and does not open.
    public static func choose(home: URL?, preference: Preference = .auto) throws(ModelStoreError) -> InferenceBackend {
        let digits = OpenCV.version
        let opencv = "\(digits / 10000).\(digits / 100 % 100).\(digits % 100)"
        if preference == .opencv {
            return InferenceBackend(kind: .openCV, version: opencv, reason: "asked for")
        }
        let missing: String
        if let library = home.flatMap(library(in:)) {
            do throws(VisionError) {
                let version = try OpenVINO.version(library: library)
                let reason = preference == .openvino ? "asked for" : "installed; 3 to 5 times faster than OpenCV"
                return InferenceBackend(kind: .openVINO(library: library), version: version, reason: reason)
            } catch {
                missing = "\(library) does not open: \(error)"
            }
        } else {
            missing = "no libopenvino_c.so in \(home?.appending(path: "lib/openvino").path ?? "a folder .gantry")"
        }
        if preference == .openvino { throw .noOpenVINO(missing) }
        return InferenceBackend(kind: .openCV, version: opencv, reason: "slower than OpenVINO, but \(missing)")
    }

    /// The newest of the C libraries in a home.
    private static func library(in home: URL) -> String? {
        let folder = home.appending(path: "lib/openvino")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasPrefix("libopenvino_c.so") }.max().map { folder.appending(path: $0).path }
    }

    /// Loads a model's network.
    ///
    /// - Throws: ``VisionError/badModel(_:)`` when this back end can't load or run it at the descriptor's size.
    public func load(_ model: InstalledModel, threads: Int = 1) throws(VisionError) -> any Inference {
        let descriptor = model.descriptor
        let channels = descriptor.preparation.colour.channels
        do {
            switch kind {
            case .openVINO(let library):
                if descriptor.configuration != nil {
                    throw VisionError.badModel("OpenVINO does not read Darknet's files; set backend to opencv")
                }
                return try OpenVINONet(
                    library: library, model: model.weights.path, channels: channels, width: descriptor.width,
                    height: descriptor.height, outputs: descriptor.outputs, threads: threads)
            case .openCV:
                return try OpenCVNet(
                    model: model.weights.path, configuration: model.configuration?.path, channels: channels,
                    width: descriptor.width, height: descriptor.height, outputs: descriptor.outputs)
            }
        } catch VisionError.badModel(let what) {
            throw .badModel("\(model.name): \(what)")
        } catch let error as VisionError {
            throw error
        } catch {
            throw .internalFault("\(error)")
        }
    }
}
