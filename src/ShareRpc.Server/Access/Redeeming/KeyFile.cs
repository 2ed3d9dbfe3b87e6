using System.Security.Cryptography;
using System.Text;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Access.Redeeming;

/// <summary>A key of the server and its name in the key file.</summary>
internal sealed record ServerKey(string Name, byte[] Bytes)
{
    /// <summary>Gets what tells whether another node has the same key, and nothing of the key.</summary>
    public byte[] CheckValue { get; } = HMACSHA256.HashData(Bytes, "sharerpc server key"u8);

    /// <summary>Gets what a verifier names its key by.</summary>
    public byte[] Id => CheckValue[..TokenVerifier.KeyIdBytes];
}

/// <summary>
/// The keys of all nodes: a line <c>NAME BASE64</c> each, lines with <c>#</c> are comments. The first key makes new
/// verifiers; the others check those that were made with them.
/// </summary>
internal static class KeyFile
{
    private const int MostKeys = 16;

    /// <exception cref="ServerStartException">It cannot be read; the message names file and line.</exception>
    public static IReadOnlyList<ServerKey> Read(string path)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ServerStartException(
                $"The key file {path} cannot be read: 'sharerpc init' makes it, and every node needs the same.");
        }

        var keys = new List<ServerKey>();
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            if (line.Length == 0 || line[0] == '#') continue;
            string[] parts = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            byte[] bytes = new byte[TokenVerifier.KeyBytes];
            bool isKey = parts.Length == 2 && Convert.TryFromBase64String(parts[1], bytes, out int length)
                && length == bytes.Length && !keys.Exists(key => key.Name == parts[0]);
            if (!isKey || keys.Count == MostKeys)
            {
                throw new ServerStartException(
                    $"{path}, line {i + 1} is no key: a name of its own, a space, and 32 bytes in base64.");
            }

            keys.Add(new ServerKey(parts[0], bytes));
        }

        return keys.Count > 0 ? keys : throw new ServerStartException($"The key file {path} has no key.");
    }

    /// <summary>Makes a file with one new key, readable by its owner, unless there is one.</summary>
    public static void Ensure(string path)
    {
        if (!File.Exists(path)) Write(path, RandomNumberGenerator.GetBytes(TokenVerifier.KeyBytes));
    }

    /// <summary>Makes a file of one key, readable by its owner.</summary>
    public static void Write(string path, byte[] key) => SecretFile.Write(path, Encoding.ASCII.GetBytes(
        $"# Keys of this server: NAME BASE64. The first makes what is new.\nk1 {Convert.ToBase64String(key)}\n"));
}
