public import Foundation
public import Stages

extension GrammarFile {
    /// The project's own grammars: installed beside the models, or in the checkout.
    ///
    /// - Parameter home: The folder `.gantry`.
    public static func standard(home: URL) throws(GrammarError) -> GrammarSet {
        let folders = [home.appending(path: "models"), home.deletingLastPathComponent().appending(path: "models")]
        let files = folders.map { $0.appending(path: "grammars.yaml").path }
        return try load(files.first(where: FileManager.default.isReadableFile) ?? files[1])
    }
}
