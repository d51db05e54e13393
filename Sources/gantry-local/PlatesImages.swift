import Foundation

/// The images that arguments name.
enum PlatesImages {
    /// Extensions of the still images that OpenCV decodes here.
    static let extensions: Set<String> = ["bmp", "jpeg", "jpg", "png", "tif", "tiff", "webp"]

    /// Files as given and the images inside folders, sorted, their subfolders included; other files are left out.
    ///
    /// A path that does not exist stays, so that it is reported with the images that can't be read.
    static func list(_ arguments: [String]) -> [String] {
        arguments.flatMap { argument -> [String] in
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder) else { return [argument] }
            guard isFolder.boolValue else { return isImage(argument) ? [argument] : [] }
            let folder = argument.hasSuffix("/") ? String(argument.dropLast()) : argument
            let inside = FileManager.default.enumerator(atPath: argument)?.compactMap { $0 as? String } ?? []
            return inside.filter { isImage($0) && !$0.split(separator: "/").contains { $0.hasPrefix(".") } }
                .sorted().map { "\(folder)/\($0)" }
        }
    }

    private static func isImage(_ path: String) -> Bool {
        extensions.contains(URL(filePath: path).pathExtension.lowercased())
    }
}
