using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Harness;

/// <summary>A link that one process leaves for others, in a file that is there whole or not at all.</summary>
internal static class LinkFile
{
    public static async Task<ShareLink> ReadAsync(string path)
    {
        await Until.TrueAsync(() => File.Exists(path), CancellationToken.None);
        return ShareLink.TryParse(await File.ReadAllTextAsync(path), out ShareLink? link)
            ? link
            : throw new InvalidDataException($"{path} holds no link");
    }

    public static void Write(string path, ShareLink link)
    {
        File.WriteAllText(path + ".new", link.Reveal());
        File.Move(path + ".new", path, overwrite: true);
    }
}
