namespace ShareRpc.Sources.Following;

/// <summary>Tells what this user may not read from what is not there, or of a form that is not known.</summary>
internal static class Permission
{
    /// <summary>What is said behind the path.</summary>
    public const string Remedy = "Permission to read it is missing: run this as the user of the agent, or give this "
        + "user the permission.";

    /// <summary>Returns whether something is at a path, or may be: this user may not look there.</summary>
    public static bool MayHold(string path)
    {
        if (Path.Exists(path)) return true;
        try
        {
            File.GetAttributes(path);
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>
    /// Throws <see cref="UnknownStorageException"/> with the path if this user may not read one of the files, or may
    /// not list the folder or one below it. Takes long: only for a storage in which nothing was found.
    /// </summary>
    /// <param name="folder">The folder of the storage.</param>
    /// <param name="files">The files that say nothing that is known.</param>
    /// <param name="isEntered">Says by path which folders are entered; null for none.</param>
    public static void Demand(string folder, IEnumerable<ListedFile> files, Func<string, bool>? isEntered = null)
    {
        try
        {
            if (MayHold(folder)) _ = ListedFile.Of(folder, _ => false, isEntered).Count();
            foreach (ListedFile file in files)
            {
                if (Denial(file.Path) is { } denied) throw denied;
            }
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new UnknownStorageException($"{denied.Message} {Remedy}");
        }
        catch (IOException)
        {
            // It went away meanwhile.
        }
    }

    /// <summary>Returns why this user may not read a file; null if it may, or if there is none.</summary>
    public static UnauthorizedAccessException? Denial(string path)
    {
        try
        {
            using var opened = LineFile.Open(path);
            return null;
        }
        catch (UnauthorizedAccessException denied)
        {
            return denied;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
