namespace ShareRpc.Sources.Opencode.Files;

/// <summary>A regular file of the tree.</summary>
/// <param name="FullPath">Where it is.</param>
/// <param name="Path">Relative to the tree, with slashes.</param>
/// <param name="Id">Its name without <c>.json</c>: the id of what it holds.</param>
internal readonly record struct StorageFile(string FullPath, string Path, string Id);
