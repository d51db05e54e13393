extension SigningKey {
    /// The key `signing.key` of a folder.
    ///
    /// - Parameter create: Make folder and key where there is none; with its public half beside it.
    public init(folder path: String, create: Bool) throws(SignatureError) {
        let file = "\(path)/signing.key"
        if create, !KeyFolder(path: file).exists() {
            do { try KeyFolder(path: path).create() } catch { throw .unwritable(path: path, reason: "\(error)") }
            self = try Self.make(at: file)
        } else {
            try self.init(path: file)
        }
    }
}
