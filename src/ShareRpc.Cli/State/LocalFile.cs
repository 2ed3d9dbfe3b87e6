using System.Text.RegularExpressions;

namespace ShareRpc.Cli.State;

/// <summary>Says in words why a file of this machine cannot be used, and what to do.</summary>
internal static partial class LocalFile
{
    // What .NET makes of an errno.
    private const int InputOutput = 5;
    private const int Exists = 17;
    private const int NotADirectory = 20;
    private const int DiskFull = 28;
    private const int ReadOnlyFileSystem = 30;

    /// <summary>Does something with a file; its errors become a sentence with the path, and the next step.</summary>
    public static T Use<T>(string path, string nextStep, Func<T> use)
    {
        try
        {
            return use();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Error, $"{Describe(error, path)} {nextStep}");
        }
    }

    /// <summary>Returns the sentence for an error whose path only its message knows.</summary>
    public static string Describe(Exception error)
    {
        string path = Quoted().Match(error.Message) is { Success: true } found
            ? found.Groups[1].Value : "what this command writes";
        return $"{Describe(error, path)} See that this user may read and write it, or name another.";
    }

    private static string Describe(Exception error, string path) => (error, error.HResult) switch
    {
        (FileNotFoundException or DirectoryNotFoundException, _) => $"{path} does not exist.",
        (UnauthorizedAccessException, _) when Directory.Exists(path) =>
            $"{path} is a directory that this user may not use.",
        (UnauthorizedAccessException, _) => $"{path} belongs to somebody else: this user may not use it.",
        (_, DiskFull) => $"The disk that holds {path} is full. Free some space.",
        (_, ReadOnlyFileSystem) => $"{path} is on a file system that is mounted read-only.",
        (_, Exists or NotADirectory) => $"{path}, or what it is in, is a file and not a directory.",
        (_, InputOutput) => $"The disk failed under {path}. See the system's log.",
        _ => $"There was an error with {path}.",
    };

    [GeneratedRegex("'([^']+)'")]
    private static partial Regex Quoted();
}
